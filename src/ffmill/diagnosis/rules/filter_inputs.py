"""A filter does not take the pictures that come in, or was given an area that they do not have."""

from ffmill.diagnosis.rule import Rule, Says
from ffmill.errors import FailureCode

_BAD = FailureCode.BAD_FILTER_OPTION
_SAME = "make them alike before it, as by [1:v]scale={size},setsar=1[b], and take [b] in place of [1:v]"

RULES = (
    Rule(
        r"Invalid too big or non positive size for width '(?P<width>-?\d+)' or height '(?P<height>-?\d+)'",
        Says(
            _BAD,
            "crop is to cut {width}×{height} out of a picture that is smaller",
            "write a smaller size, or crop='min(iw,{width})':'min(ih,{height})', which cuts no more than there is",
        ),
    ),
    Rule(
        r"Too big value or invalid expression for out_w/ow or out_h/oh",
        Says(_BAD, "crop cannot work out its size", "write numbers, or expressions of iw and ih, as crop=iw/2:ih/2"),
    ),
    Rule(
        r"Padded dimensions cannot be smaller than input dimensions",
        Says(
            _BAD,
            "pad only makes a picture larger, and was given a size that is smaller",
            "scale it down first, as scale=W:H:force_original_aspect_ratio=decrease,pad=W:H:-1:-1",
        ),
    ),
    Rule(
        r"First input link \w+ parameters \(size (?P<size>\d+x\d+)\) do not match the corresponding second input link "
        r"\w+ parameters \(size (?P<other>\d+x\d+)\)",
        Says(_BAD, "{speaker} takes pictures of one size, and got {size} and {other}", _SAME),
    ),
    Rule(
        r"Input link \S+ parameters \(size (?P<other>\d+x\d+).*?\) do not match the corresponding output link \S+ "
        r"parameters \((?P<size>\d+x\d+)",
        Says(_BAD, "{speaker} takes pictures of one size, and got {size} and {other}", _SAME),
    ),
    Rule(
        r"First input link \w+ timebase \((?P<one>[\d/]+)\) do not match the corresponding second input link \w+ "
        r"timebase \((?P<two>[\d/]+)\)",
        Says(
            _BAD,
            "{speaker} takes streams of one time base, and got {one} and {two}",
            "make them alike before it, as by [0:v]fps=25,settb=AVTB[a];[1:v]fps=25,settb=AVTB[b]",
        ),
    ),
    Rule(
        r"First input link \w+ frame rate \((?P<one>[\d/]+)\) do not match the corresponding second input link \w+ "
        r"frame rate \((?P<two>[\d/]+)\)",
        Says(
            _BAD,
            "{speaker} takes streams of one frame rate, and got {one} and {two}",
            "write fps=25 before it for both",
        ),
    ),
    Rule(
        r"Input \d+ (?P<what>height) (?P<one>\d+) does not match input \d+ height (?P<two>\d+)",
        Says(
            _BAD,
            "{speaker} takes pictures of one {what}, and got {two} and {one}",
            "scale them alike before it, as by [1:v]scale=-2:{two}[b], and take [b] in place of [1:v]",
        ),
    ),
    Rule(
        r"Input \d+ (?P<what>width) (?P<one>\d+) does not match input \d+ width (?P<two>\d+)",
        Says(
            _BAD,
            "{speaker} takes pictures of one {what}, and got {two} and {one}",
            "scale them alike before it, as by [1:v]scale={two}:-2[b], and take [b] in place of [1:v]",
        ),
    ),
    Rule(
        r"Logo area is outside of the frame",
        Says(
            _BAD,
            "the area for delogo does not lie within the picture, with a pixel around it",
            "write x= and y= of 1 or more, and w= and h= so that a pixel is left at the right and below",
        ),
    ),
    Rule(
        r"Invalid (?P<what>\w+_param radius) value (?P<value>\S+), must be >= (?P<low>\S+) and < (?P<high>\S+)",
        Says(
            _BAD,
            "the {what} of {speaker} is {value}, which is too much for so small a picture",
            "write a radius from {low} to less than {high}; chroma has half the size of luma: boxblur=10:1:5:1",
        ),
    ),
    Rule(
        r"Palette input must contain exactly 256 pixels\. Specified input has (?P<size>\S+)=",
        Says(
            _BAD,
            "paletteuse takes a palette as palettegen makes it, and got a picture of {size}",
            "write split[a][b];[a]palettegen[p];[b][p]paletteuse, or make the palette by a command before this one",
        ),
    ),
    Rule(
        r"Stray % near '",
        Says(
            _BAD,
            "a % in the text of drawtext begins what is to be expanded, as %{pts}",
            "write drawtext=expansion=none:text='100%' for a plain %",
        ),
    ),
)
