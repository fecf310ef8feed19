"""What jobs of tests fail of."""

from ffmill.errors import FailureCode
from ffmill.jobs.failure import Failure, Stage

LOST = Failure(code=FailureCode.WORKER_LOST, stage=Stage.QUEUE, summary="lost too often")
