"""Blocked sums, as the description of the dialect defines them, to the bit: the reference and the
kernels of instruction sets against the definition in NumPy.

Values have few bits, so that their products and sums of two are exact in f64.
"""

import ctypes
import functools
import subprocess

import numpy as np
import pytest
from conftest import BIN, find_llvm_tool
from test_finite_differences import to_memref

BLOCK = 64
# Around whole blocks and pairs of them.
EXTENTS = [1, 2, 63, 64, 65, 127, 129, 192, 4 * 64 + 3, 7 * 64, 9 * 64 + 1]
LOWERINGS = {
    "reference": "ternary-to-loops",
    "portable": "ternary-to-vector{kernel=portable}",
    "avx2": "ternary-to-vector{kernel=avx2}",
    "avx512vnni": "ternary-to-vector{kernel=avx512vnni}",
}
PASSES = [
    "ternary-parallel-to-threads{threads=false}",
    "ternary-expand-math",
    "func.func(llvm-request-c-wrappers)",
    "convert-vector-to-scf",
    "convert-scf-to-cf",
    "expand-strided-metadata",
    "lower-affine",
    "convert-vector-to-llvm",
    "convert-math-to-llvm",
    "convert-to-llvm",
    "reconcile-unrealized-casts",
]
COLUMNS = 37
HEADS, KV_HEADS, SIZE = 4, 2, 70
Q, KV = HEADS * SIZE, KV_HEADS * SIZE
CACHES = {"f32": np.float32, "f16": np.float16, "i8": np.int8}


def write_kernels() -> str:
    functions = [
        f"""
  func.func @matmul_{depth}(%a: memref<?x{depth}xf32>, %b: memref<{depth}x{COLUMNS}xf32>,
                            %out: memref<?x{COLUMNS}xf32>) {{
    ternary.matmul_kernel ins(%a, %b : memref<?x{depth}xf32>, memref<{depth}x{COLUMNS}xf32>)
      outs(%out : memref<?x{COLUMNS}xf32>)
    return
  }}"""
        for depth in EXTENTS
    ]
    functions.append(
        f"""
  func.func @matmul_transpose_a(%a: memref<?x3xf32>, %b: memref<?x{COLUMNS}xf32>,
                                %out: memref<3x{COLUMNS}xf32>) {{
    ternary.matmul_transpose_a_kernel ins(%a, %b : memref<?x3xf32>, memref<?x{COLUMNS}xf32>)
      outs(%out : memref<3x{COLUMNS}xf32>)
    return
  }}
  func.func @mean(%values: memref<?xf32>, %targets: memref<?xi32>, %mean: memref<f32>,
                  %weight: memref<f32>) {{
    ternary.mean_kernel ins(%values, %targets : memref<?xf32>, memref<?xi32>)
      outs(%mean, %weight : memref<f32>, memref<f32>)
    return
  }}"""
    )
    for name in CACHES:
        for tokens in ("1", "?"):
            q, kv = f"memref<1x{tokens}x{Q}xf32>", f"memref<1x?x{KV}x{name}>"
            sums, scale = f"memref<1x{tokens}x{HEADS}xf32>", f"memref<1x?x{KV_HEADS}xf32>"
            scales = f", {scale}, {scale}" if name == "i8" else ""
            functions.append(
                f"""
  func.func @attention_{name}_{"one" if tokens == "1" else "many"}(%q: {q}, %k: {kv}, %v: {kv},
      %ks: {scale}, %vs: {scale}, %past: memref<i32>, %out: {q}, %sums: {sums}) {{
    ternary.attention_kernel ins(%q, %k, %v{", %ks, %vs" if scales else ""}, %past :
        {q}, {kv}, {kv}{scales}, memref<i32>)
      outs(%out, %sums : {q}, {sums}) {{heads = {HEADS} : i64, kv_heads = {KV_HEADS} : i64}}
    return
  }}"""
            )
    q, kv, sums = f"memref<1x?x{Q}xf32>", f"memref<1x?x{KV}xf32>", f"memref<1x?x{HEADS}xf32>"
    functions.append(
        f"""
  func.func @attention_backward(%q: {q}, %k: {kv}, %v: {kv}, %result: {q}, %lse: {sums}, %grad: {q},
      %gq: {q}, %gk: {kv}, %gv: {kv}, %delta: {sums}) {{
    ternary.attention_backward_kernel
      ins(%q, %k, %v, %result, %lse, %grad : {q}, {kv}, {kv}, {q}, {sums}, {q})
      outs(%gq, %gk, %gv, %delta : {q}, {kv}, {kv}, {sums})
      {{heads = {HEADS} : i64, kv_heads = {KV_HEADS} : i64}}
    return
  }}"""
    )
    return "\n".join(functions).replace(") {\n", ") attributes {ternary.kernel} {\n")


@pytest.fixture(scope="module", params=LOWERINGS)
def kernels(request, tmp_path_factory: pytest.TempPathFactory):
    """Calls a kernel with arrays, the last of which it writes."""
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "kernels.mlir").write_text(write_kernels(), encoding="utf-8")
    pipeline = f"builtin.module({','.join([LOWERINGS[request.param], *PASSES])})"
    commands = [
        [BIN / "ternary-opt", "kernels.mlir", f"--pass-pipeline={pipeline}"]
        + ["--emit-bytecode", "-o", "kernels.bc"],
        [find_llvm_tool("mlir-translate"), "--mlir-to-llvmir", "kernels.bc", "-o", "kernels.ll"],
        [find_llvm_tool("llc"), "-O1", "-mcpu=native", "-filetype=obj", "-relocation-model=pic"]
        + ["kernels.ll", "-o", "kernels.o"],
        ["cc", "-shared", "kernels.o", "-lm", "-o", "kernels.so"],
    ]
    for command in commands:
        result = subprocess.run(
            list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
    library = ctypes.CDLL(str(folder / "kernels.so"))

    def call(name: str, *arrays: np.ndarray) -> None:
        getattr(library, f"_mlir_ciface_{name}")(*[ctypes.byref(to_memref(a)) for a in arrays])

    return call


def draw(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Normal numbers of 8 bits."""
    bits = rng.normal(size=shape).astype(np.float32).view(np.uint32)
    return (bits & 0xFFFF0000).view(np.float32)


def fma(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """a b + c rounded once: the product is exact in f64, the sum is rounded to odd there."""
    product, c = np.float64(a) * np.float64(b), np.float64(c)
    total = np.asarray(product + c)
    part = total - product
    error = (product - (total - part)) + (c - part)
    is_even = (total.view(np.int64) & 1) == 0
    odd = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
    return np.where((error != 0) & is_even & np.isfinite(total), odd, total).astype(np.float32)


def fold(blocks: list, join) -> np.ndarray:
    """Pairs by index; one without a neighbour stays as it is."""
    while len(blocks) > 1:
        pairs = [join(*blocks[i : i + 2]) for i in range(0, len(blocks) - 1, 2)]
        blocks = pairs + blocks[2 * len(pairs) :]
    return blocks[0]


def blocked_sum(x, y=None, first: int = 0) -> np.ndarray:
    """Σ_i x[i], or Σ_i x[i] y[i], over i from `first` on."""
    blocks = []
    for block in range(0, len(x), BLOCK):
        total = np.zeros(np.broadcast_shapes(x[0].shape, x[0].shape if y is None else y[0].shape))
        total = total.astype(np.float32)
        for i in range(max(block, first), min(block + BLOCK, len(x))):
            total = total + x[i] if y is None else fma(x[i], y[i], total)
        blocks.append(total if block + BLOCK > first else None)
    return fold(blocks, lambda a, b: b if a is None else a + b)


def exp(x: np.ndarray) -> np.ndarray:
    """e^x as `ternary-expand-math` documents it."""
    f = np.float32
    below = x < f(-87.33654)
    x = np.asarray(np.where(below, f(0), x), np.float32)
    x = np.asarray(np.where(x > f(89), f(89), x), np.float32)
    n = (x * f(1.44269504) + f(12582912)) - f(12582912)
    r = (x - n * f(0.693359375)) - n * f(-2.12194440e-4)
    p = f(1.9875691500e-4)
    for c in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        p = p * r + f(c)
    y = ((p * r) * r + r) + f(1)
    k = np.where(np.isnan(n), 0, n).astype(np.int64)
    half = k >> 1
    y = (y * np.exp2(half).astype(f)) * np.exp2(k - half).astype(f)
    return np.where(below, f(0), y)


def same(got: np.ndarray, expected: np.ndarray) -> bool:
    """The same bits, but for those of NaN."""
    nan = np.isnan(expected)
    return (np.isnan(got) == nan).all() and got[~nan].tobytes() == expected[~nan].tobytes()


@functools.cache
def product(rows: int, depth: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(1000 * rows + depth)
    a, b = draw(rng, rows, depth), draw(rng, depth, COLUMNS)
    return a, b, blocked_sum(a.T[:, :, None], b[:, None, :])


@pytest.mark.parametrize("depth", EXTENTS)
def test_matmul(kernels, depth):
    for rows in (1, 9):
        a, b, expected = product(rows, depth)
        out = np.full((rows, COLUMNS), np.nan, np.float32)
        kernels(f"matmul_{depth}", a, b, out)
        assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("depth", [0, *EXTENTS])
def test_sum_over_rows(kernels, depth):
    a, b, expected = product(3, depth) if depth else (*[np.zeros((3, 0), np.float32)] * 2, None)
    rows = np.ascontiguousarray(a.T)
    out = np.full((3, COLUMNS), np.nan, np.float32)
    kernels("matmul_transpose_a", rows, b.reshape(depth, COLUMNS), out)
    assert out.tobytes() == (expected if depth else np.zeros_like(out)).tobytes()
    values = np.ascontiguousarray(a[0])
    mean, weight = np.zeros((), np.float32), np.zeros((), np.float32)
    kernels("mean", values, np.zeros(depth, np.int32), mean, weight)
    total = blocked_sum(values) if depth else np.float32(0)
    assert mean == total * (np.float32(1) / np.float32(max(depth, 1)))


def attend(q, k, v, scale_k, scale_v, seen: int) -> tuple[np.ndarray, np.float32, np.float32]:
    """A head's output, maximum and total for one query."""
    f = np.float32
    with np.errstate(all="ignore"):
        scores = blocked_sum(q[:, None], f(k[:seen].T))
        scores = (scores * scale_k[:seen]) * f(1 / np.sqrt(SIZE))

        def shift(m):
            return f(0) if m == -np.inf else m

        blocks = []
        for first in range(0, seen, BLOCK):
            s = scores[first : min(first + BLOCK, seen)]
            m = np.fmax.reduce(s, initial=f(-np.inf))
            p = exp(s - shift(m))
            total, output = f(0), np.zeros(SIZE, np.float32)
            for j, power in enumerate(p):
                total = total + power
                output = fma(power * scale_v[first + j], f(v[first + j]), output)
            blocks.append((m, total, output))

        def join(a, b):
            m = max(a[0], b[0])
            x, y = exp(a[0] - shift(m)), exp(b[0] - shift(m))
            return m, fma(b[1], y, a[1] * x)[()], fma(b[2], y, a[2] * x)

        m, total, output = fold(blocks, join)
        return output / total, m, total


def make_cache(rng: np.random.Generator, tokens: int, name: str):
    ones = np.ones((1, tokens, KV_HEADS), np.float32)
    if name == "i8":
        codes = [rng.integers(-127, 128, (1, tokens, KV)).astype(np.int8) for _ in range(2)]
        scales = [np.abs(draw(rng, 1, tokens, KV_HEADS)) / np.float32(64) for _ in range(2)]
        return (*codes, *scales)
    return (*[draw(rng, 1, tokens, KV).astype(CACHES[name]) for _ in range(2)], ones, ones)


def run_attention(kernels, name, q, cache, past: int):
    tokens = q.shape[1]
    out, sums = np.full(q.shape, 7, np.float32), np.full((1, tokens, HEADS), 7, np.float32)
    past = np.array(past, np.int32)
    which = "one" if tokens == 1 else "many"
    kernels(f"attention_{name}_{which}", q, *cache, past, out, sums)
    return out, sums


@pytest.mark.parametrize("name", CACHES)
def test_attention(kernels, name):
    """At once, in pieces that start anywhere, and token by token, in a cache with room left."""
    tokens, rng = 4 * BLOCK + 5, np.random.default_rng(7)
    q, cache = draw(rng, 1, tokens, Q), make_cache(rng, tokens + 3, name)
    out, sums = run_attention(kernels, name, q, cache, 0)
    k, v, scale_k, scale_v = cache
    for t in [0, 1, 62, 63, 64, 65, 127, 128, 200, tokens - 1]:
        for head in range(HEADS):
            group = head // (HEADS // KV_HEADS)
            own = slice(head * SIZE, (head + 1) * SIZE)
            keys = slice(group * SIZE, (group + 1) * SIZE)
            expected, _, _ = attend(
                *[q[0, t, own], k[0, :, keys], v[0, :, keys]],
                *[scale_k[0, :, group], scale_v[0, :, group], t + 1],
            )
            assert out[0, t, own].tobytes() == expected.tobytes(), (t, head)
    for start in range(0, tokens, 97):
        piece = np.ascontiguousarray(q[:, start : start + 97])
        got, got_sums = run_attention(kernels, name, piece, cache, start)
        assert got.tobytes() == np.ascontiguousarray(out[:, start : start + 97]).tobytes()
        assert got_sums.tobytes() == np.ascontiguousarray(sums[:, start : start + 97]).tobytes()
    for t in range(tokens):
        got, got_sums = run_attention(
            kernels, name, np.ascontiguousarray(q[:, t : t + 1]), cache, t
        )
        assert got.tobytes() == out[:, t].tobytes(), t
        assert got_sums.tobytes() == sums[:, t].tobytes(), t


@pytest.mark.parametrize("where", [0, 40, 63, 64, 100, 128])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_reaches_no_earlier_token(kernels, where, value):
    """In a value, a key, or all keys so far, whose scores then are infinite."""
    tokens, rng = 2 * BLOCK + 5, np.random.default_rng(where)
    q, finite = draw(rng, 1, tokens, Q), make_cache(rng, tokens, "f16")
    before, _ = run_attention(kernels, "f16", q, finite, 0)
    for kind in ("key", "value", "keys"):
        cache = [array.copy() for array in finite]
        if kind == "value":
            cache[1][0, where, ::3] = value
        else:
            cache[0][0, where if kind == "key" else slice(where + 1), :] = value
        out, sums = run_attention(kernels, "f16", q, cache, 0)
        if kind != "keys":
            assert out[:, :where].tobytes() == before[:, :where].tobytes()
        for t in range(tokens):
            one = np.ascontiguousarray(q[:, t : t + 1])
            got, got_sums = run_attention(kernels, "f16", one, cache, t)
            assert same(got[:, 0], out[:, t]) and same(got_sums[:, 0], sums[:, t]), (kind, t)


def test_keys_that_are_infinitely_far(kernels):
    """A block all of whose scores are -inf counts nothing; a row of such scores is NaN."""
    tokens, rng = 2 * BLOCK, np.random.default_rng(3)
    q, (k, v, *scales) = np.abs(draw(rng, 1, tokens, Q)), make_cache(rng, tokens, "f32")
    k[0, :BLOCK, 0::SIZE] = -np.inf
    k[0, :BLOCK, 1::SIZE] = 0
    k = np.where(np.isinf(k), k, np.abs(k)).astype(np.float32)
    out, sums = run_attention(kernels, "f32", q, (k, v, *scales), 0)
    assert np.isnan(out[0, :BLOCK]).all() and (sums[0, :BLOCK] == -np.inf).all()
    assert np.isfinite(out[0, BLOCK:]).all() and np.isfinite(sums[0, BLOCK:]).all()


def test_attention_backward(kernels):
    tokens, rng = 2 * BLOCK + 9, np.random.default_rng(5)
    q, grad, result = (draw(rng, 1, tokens, Q) for _ in range(3))
    k, v = (draw(rng, 1, tokens, KV) for _ in range(2))
    lse = draw(rng, 1, tokens, HEADS) + np.float32(8)
    outs = [np.full(x.shape, np.nan, np.float32) for x in (q, k, v, lse)]
    kernels("attention_backward", q, k, v, result, lse, grad, *outs)
    scale, shared = np.float32(1 / np.sqrt(SIZE)), HEADS // KV_HEADS

    def dot(a, b):
        return blocked_sum(a.T[:, :, None], b.T[:, None, :])

    gradients = np.zeros((2, KV_HEADS, shared, tokens, SIZE), np.float32)
    some = [0, 5, 63, 64, 70, 100, tokens - 1]
    for head in range(HEADS):
        group = head // shared
        own = slice(head * SIZE, (head + 1) * SIZE)
        keys = slice(group * SIZE, (group + 1) * SIZE)
        query, slope, key = q[0, :, own], grad[0, :, own], k[0, :, keys]
        delta = blocked_sum(slope.T, result[0, :, own].T)
        assert outs[3][0, :, head].tobytes() == delta.tobytes()
        p = exp(dot(query, key) * scale - lse[0, :, head, None])
        e = p * (dot(slope, v[0, :, keys]) - delta[:, None])
        for t in some:
            expected = blocked_sum(key[: t + 1], e[t, : t + 1, None]) * scale
            assert outs[0][0, t, own].tobytes() == expected.tobytes()
        for j in some:
            gradients[0, group, head % shared, j] = blocked_sum(query, e[:, j, None], j)
            gradients[1, group, head % shared, j] = blocked_sum(slope, p[:, j, None], j)
    for group in range(KV_HEADS):
        keys = slice(group * SIZE, (group + 1) * SIZE)
        of_keys, of_values = (blocked_sum(x[group]) for x in gradients)
        assert outs[1][0, some, keys].tobytes() == (of_keys * scale)[some].tobytes()
        assert outs[2][0, some, keys].tobytes() == of_values[some].tobytes()
