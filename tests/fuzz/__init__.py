"""What strangers write and we parse, fuzzed: a short, fixed run under pytest, a long, random one by `make fuzz`."""
