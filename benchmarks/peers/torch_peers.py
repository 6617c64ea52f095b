#!/usr/bin/env python3
"""PyTorch's matrix products and attention by Ridgeline's protocol, as a Ridgeline result.

  python3 benchmarks/peers/torch_peers.py --json torch.json gemm --shapes 4096x4096x4096 --dtype bf16
  python3 benchmarks/peers/torch_peers.py --json torch.json attention --seq 2048,8192 --head-dim 128

`ridgeline report ours.json torch.json` shows both. Operands are uniform in [-1, 1). Like Ridgeline on a GPU: time by
events around batches that the device begins only when the host has enqueued them, copies of the operands in turn so
that the caches are cold, a warm-up of 3 s, rounds until the median's 95 % interval is narrow.
"""
import argparse
import contextlib
import datetime
import json
import math
import os
import platform
import sys
import time

try:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention
except ImportError as missing:
    sys.exit(f"torch_peers: needs PyTorch 2.5 or newer with CUDA: {missing}")

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
BACKENDS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "math": SDPBackend.MATH,
}
MOST_COPIES, MOST_HELD, SAMPLE_SECONDS, LEAST_SAMPLES = 64, 128, 1e-3, 8
# Student's t at 97.5 %, by degrees of freedom
T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]


def quantile(values, q):
    values = sorted(values)
    at = q * (len(values) - 1)
    below = int(at)
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


def interval(rounds):
    """Of the median: the wider of the pooled order statistics and of Student's t over the rounds' medians."""
    pooled = sorted(s for r in rounds for s in r)
    n = len(pooled)
    median = quantile(pooled, 0.5)

    def ordered(side):
        return pooled[max(0, min(n - 1, round(0.5 * (n - 1) + side * 0.98 * math.sqrt(n))))]

    between = 0.0
    medians = [quantile(r, 0.5) for r in rounds]
    if len(medians) > 1:
        mean = sum(medians) / len(medians)
        variance = sum((m - mean) ** 2 for m in medians) / (len(medians) - 1)
        between = T[min(len(medians) - 2, len(T) - 1)] * math.sqrt(variance / len(medians))
    low = max(0.0, median - max(median - ordered(-1), between))
    return low, median, median + max(ordered(1) - median, between)


class Timer:
    def __init__(self, args):
        self.args = args

    def batch(self, calls, start, count):
        """Seconds per call of `count` calls, by events."""
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        # cycles, about a millisecond and 35 us a call: the host, which takes a tenth of that for a backward by autograd,
        # is done before the device begins
        torch.cuda._sleep(1_800_000 + 60_000 * count)
        begin.record()
        for i in range(count):
            calls[(start + i) % len(calls)]()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e-3 / count

    def round(self, calls):
        count, at, spent, before = 1, 0, 0.0, time.monotonic()
        while time.monotonic() - before < self.args.warmup_seconds or at == 0:
            seconds = self.batch(calls, at, count)
            at += count
            if seconds * count < SAMPLE_SECONDS:
                count = max(count, min(MOST_HELD, int(SAMPLE_SECONDS / max(seconds, 1e-9))))
        samples, look = [], LEAST_SAMPLES
        while spent < self.args.max_seconds / self.args.rounds:
            samples.append(self.batch(calls, at, count))
            at += count
            spent += samples[-1] * count
            if len(samples) >= look:
                low, median, high = interval([samples])
                if (high - low) / 2 / median < self.args.max_noise / 2:
                    break
                look += -(-look // 10)
        return samples

    def copies(self, bytes_each):
        if self.args.cache == "hot":
            return 1
        cache = torch.cuda.get_device_properties(0).L2_cache_size
        free = torch.cuda.mem_get_info()[0]
        return max(1, min(MOST_COPIES, -(-2 * cache // bytes_each) + 1, int(free // (2 * bytes_each))))

    def row(self, what, make):
        """`make()` gives a call on operands of its own."""
        row = dict(what)
        try:
            rounds = []
            for _ in range(self.args.rounds):
                calls = [make() for _ in range(self.copies(what["bytes"]))]
                calls[0]()
                torch.cuda.synchronize()
                rounds.append(self.round(calls))
                del calls
                torch.cuda.empty_cache()
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            refused = "No available kernel" in reason
            row.update(status="REFUSED" if refused else "FAILED", reason=reason, samples=[])
            return row
        pooled = [s for r in rounds for s in r]
        low, median, high = interval(rounds)
        noise = (high - low) / 2 / median
        shortest = low if low > 0 else min(pooled)
        row.update(
            status="MEASURED",
            seconds=dict(median=median, low=low, high=high, min=min(pooled), q25=quantile(pooled, 0.25),
                         q75=quantile(pooled, 0.75), noise=noise, noisy=noise > self.args.max_noise),
            rate=dict(value=what["flops"] / median, low=what["flops"] / high, high=what["flops"] / shortest,
                      unit="flop/s"),
            cache=self.args.cache,
            samples=rounds)
        return row


def uniform(dtype, *shape, grad=False):
    x = (torch.rand(*shape, device="cuda") * 2 - 1).to(DTYPES[dtype])
    return x.requires_grad_(grad)


def describe(op, variant, shape, dtype, kernel, flops, size, convention):
    extents = " ".join(f"{k}={v}" for k, v in shape.items())
    workload = " ".join(part for part in (op, variant, extents, dtype) if part)
    return dict(key=f"{workload}, {op}/{kernel}, cuda:0", op=op, variant=variant, shape=shape, dtype=dtype,
                kernel=f"{op}/{kernel}", device="cuda:0", threads=1, flops=float(flops), bytes=float(size),
                convention=convention)


def gemms(timer, args):
    for dtype in args.dtype:
        size = DTYPES[dtype].itemsize
        for shape in args.shapes:
            m, k, n = (int(d) for d in shape.split("x"))
            for form in args.form:
                what = describe("gemm", form, dict(m=m, k=k, n=n), dtype, "any_torch", 2 * m * n * k,
                                (m * k + k * n + m * n) * size, "2mnk")

                def make():
                    a = uniform(dtype, k, m) if form == "tn" else uniform(dtype, m, k)
                    b = uniform(dtype, n, k) if form == "nt" else uniform(dtype, k, n)
                    a, b = (a.t() if form == "tn" else a), (b.t() if form == "nt" else b)
                    c = torch.empty(m, n, device="cuda", dtype=DTYPES[dtype])
                    return lambda: torch.matmul(a, b, out=c)

                yield timer.row(what, make)


def attentions(timer, args):
    shapes = [(b, h, kv or h, t, d) for b in args.batch for h in args.heads for kv in (args.kv_heads or [None])
              for t in args.seq for d in args.head_dim]
    for dtype in args.dtype:
        size = DTYPES[dtype].itemsize
        for b, h, kv, t, d in shapes:
            for causal in args.masks:
                pairs = b * h * t * t / (2 if causal else 1)
                shape = dict(batch=b, heads=h, kv_heads=kv, seq=t, head_dim=d)
                variant = "causal" if causal else "full"
                queries, keys, statistics = b * h * t * d * size, b * kv * t * d * size, 4 * b * h * t
                for name, backend in BACKENDS.items():

                    def call(q, k, v):
                        with sdpa_kernel(backend):
                            return scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=kv != h)

                    def forward():
                        q, k, v = (uniform(dtype, b, heads, t, d) for heads in (h, kv, kv))
                        return lambda: call(q, k, v)

                    def backward():
                        q, k, v = (uniform(dtype, b, heads, t, d, grad=True) for heads in (h, kv, kv))
                        out, upstream = call(q, k, v), uniform(dtype, b, h, t, d)
                        return lambda: torch.autograd.grad(out, (q, k, v), upstream, retain_graph=True)

                    yield timer.row(describe("attention", variant, shape, dtype, f"any_torch_{name}", 4 * pairs * d,
                                             2 * queries + 2 * keys + statistics,
                                             "4BHT²D/2" if causal else "4BHTSD"), forward)
                    yield timer.row(describe("attention_backward", variant, shape, dtype, f"any_torch_{name}",
                                             10 * pairs * d, 4 * queries + 4 * keys + statistics,
                                             "10BHT²D/2" if causal else "10BHTSD"), backward)


def integers(text):
    return [int(part) for part in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", default="-", help="file of the result; - for the standard output")
    parser.add_argument("--warmup-seconds", type=float, default=3)
    parser.add_argument("--max-noise", type=float, default=0.005)
    parser.add_argument("--max-seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", choices=("cold", "hot"), default="cold")
    areas = parser.add_subparsers(dest="area", required=True)
    gemm = areas.add_parser("gemm")
    gemm.add_argument("--shapes", type=lambda s: s.split(","), default=["4096x4096x4096", "8192x8192x8192"])
    gemm.add_argument("--form", type=lambda s: s.split(","), default=["nt"])
    attention = areas.add_parser("attention")
    attention.add_argument("--batch", type=integers, default=[1])
    attention.add_argument("--heads", type=integers, default=[16])
    attention.add_argument("--kv-heads", type=integers)
    attention.add_argument("--seq", type=integers, default=[2048, 4096, 8192, 16384])
    attention.add_argument("--head-dim", type=integers, default=[128])
    attention.add_argument("--masks", type=lambda s: [m == "causal" for m in s.split(",")], default=[True, False],
                           help="causal,full")
    for area in (gemm, attention):
        area.add_argument("--dtype", type=lambda s: s.split(","), default=["bf16"])
    return parser.parse_args()


def main():
    args = arguments()
    if not torch.cuda.is_available():
        sys.exit("torch_peers: PyTorch sees no GPU")
    # f32 as f32: our f32 kernels do not round their operands to tf32 either
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(1)
    properties = torch.cuda.get_device_properties(0)
    document = dict(
        schema="ridgeline-result-1",
        created=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        argv=sys.argv[1:],
        ridgeline=dict(version=f"torch_peers, PyTorch {torch.__version__}", commit="unknown", dirty=False),
        host={"os": platform.platform(), "python": platform.python_version(), "torch": torch.__version__,
              "torch.cuda": str(torch.version.cuda), "torch.cudnn": str(torch.backends.cudnn.version())},
        devices=[dict(name="cuda:0", description=properties.name, threads=1, capacityBytes=properties.total_memory)],
        protocol=dict(warmupSeconds=args.warmup_seconds, maxNoise=args.max_noise, maxSeconds=args.max_seconds,
                      rounds=args.rounds, cold=args.cache == "cold", seed=1),
        ceilings=[], rows=[], complete=False)

    def save():
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        if args.json != "-":
            with open(args.json + ".part", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(args.json + ".part", args.json)
        elif document["complete"]:
            sys.stdout.write(text)

    with contextlib.suppress(KeyboardInterrupt):
        for row in (gemms if args.area == "gemm" else attentions)(Timer(args), args):
            rate = f"{row['rate']['value'] / 1e12:.1f} TFLOP/s" if "rate" in row else row["reason"]
            print(f"{row['key']}: {rate}", file=sys.stderr)
            document["rows"].append(row)
            save()
        document["complete"] = True
    save()
    return 0 if document["complete"] else 130


if __name__ == "__main__":
    sys.exit(main())
