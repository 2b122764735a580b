"""The one-machine stack of ``runfolio up``: Valkey and SeaweedFS from wheels, the gateway, a worker, the sweeper."""

from runfolio.embedded.info import StackInfo, read_stack
from runfolio.embedded.launch import start_stack
from runfolio.embedded.stack import Stack

__all__ = ["Stack", "StackInfo", "read_stack", "start_stack"]
