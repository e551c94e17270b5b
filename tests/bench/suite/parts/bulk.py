"""Streams of bytes one way over memif, beside the bare link's."""

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import Missing, NotMeasured, interleave, ratio, series_of, spread

ETHERNET = 14

TEXT = """`millrace-perf client --workload write --message 64KiB` against `millrace-perf server`: payload in Gbit/s. The bare link is
`millrace-perf bare-link --bulk` with frames of the same MTU, one way, headers included."""


def measure(context: Context) -> Section:
    section = Section("Bulk over memif, beside the bare link")
    section.text(TEXT)
    rows, groups, drawn = [], [], {"millrace": [], "bare link": []}
    for mtu in (1500, 9000):
        for streams in (1, 8):
            results = measure_one(context, mtu, streams)
            ours = series_of(results["ours"], lambda r: r.gbits)
            bare = series_of(results["bare"], lambda r: r["gbit_per_second"])
            section.check(ours, bare)
            rows.append([str(mtu), str(streams), spread(ours), spread(bare), spread(ratio(ours, bare))])
            if (mtu, streams) == (1500, 1):
                section.reach("bulk", ratio(ours, bare))
                section.reach("bulk-gbit", ours)
            groups.append(f"MTU {mtu}, {streams} stream{'s'[:streams > 1]}")
            drawn["millrace"].append(ours)
            drawn["bare link"].append(bare)
    section.table(["MTU", "streams", "Gbit/s", "bare link, Gbit/s", "ratio"], rows)
    context.plot(section, "bulk", "Bulk over memif", "Gbit/s", groups, drawn)
    return section


def measure_one(context: Context, mtu: int, streams: int) -> dict[str, list]:
    with context.stage() as stage:
        def ours():
            service = server.get()
            with_mtu = load.Service(service.server, [*service.network, "--device-mtu", str(mtu)], service.address)
            return load.perf(stage, with_mtu, context.pace, "--workload", "write", "--message", "64KiB",
                             "--connections", str(streams), cost=False)

        def bare():
            return load.bare_link(stage, reflector.get(), context.pace, "--bulk", "--message", str(mtu + ETHERNET))

        server = load.Lazily(lambda: if_carried(mtu, lambda: load.over_memif(
            stage, "millrace-perf", "--mode", "server", "--device-mtu", str(mtu), "--check=no")))
        reflector = load.Lazily(lambda: if_carried(mtu, lambda: load.bare_reflector(stage, mtu)))
        return interleave(context.pace.rounds, {"ours": ours, "bare": bare})


def if_carried(mtu: int, start):
    """Starts a service, which not every version of DPDK's memif lets have jumbo frames."""
    try:
        return start()
    except NotMeasured as e:
        if "carries an MTU" in str(e):
            raise Missing(f"DPDK's memif here carries no MTU of {mtu}") from None
        raise
