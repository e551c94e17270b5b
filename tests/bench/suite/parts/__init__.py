"""The parts of the suite, in the order of the document: by name, what each measures and the function that does."""

from suite.parts import bulk, churn, core, counts, echo, flows, goodput, idle, kernel, kv, shards

# Each function takes a Context and returns a Section.
PARTS = {
    "echo": ("echo over memif beside the bare link", echo.measure),
    "bulk": ("bulk streams over memif beside the bare link", bulk.measure),
    "churn": ("connections opened, used and closed", churn.measure),
    "kv": ("millrace-kv over memif beside redis-server on kernel sockets", kv.measure),
    "kernel": ("millrace-kv on kernel sockets beside redis-server", kernel.measure),
    "counts": ("instructions, allocations and packets of a request", counts.measure),
    "flows": ("a million connections: their memory, and requests over all of them", flows.measure),
    "shards": ("one shard and two", shards.measure),
    "idle": ("CPU of an idle server, and its first answer", idle.measure),
    "core": ("the primitives of core/", core.measure),
    "goodput": ("goodput over simulated paths beside the tables of tests/sim/", goodput.measure),
}
