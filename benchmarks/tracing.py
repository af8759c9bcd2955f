"""Source tracing against plain numpy evaluations of the same formulas, in the same run.

Each reference computes what the method computes, checked to agree, in the way one would first write it: kernel
weights row by row, multiplicative updates, a broadcast plume, resampled rows. The three large cases (ten years of
wind regression, twenty factorisations, 48 million pairs of a plume) come last; `--small` leaves them out. ESAT is
timed beside the factorisations where it is installed.

Processor time, so that other work on the machine counts less.

    python benchmarks/tracing.py [--repeat 3] [--years 3] [--small]
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods.tracing import (
    bootstrap,
    dispersion,
    inversion,
    polar,
    receptor,
    regression,
    river,
    sigmas,
    wind,
)

Floats = NDArray[np.float64]


def hours(years: float) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    random = np.random.default_rng(1)
    number = int(8760 * years)
    direction = random.integers(1, 37, number) * 10.0
    speed = random.gamma(2.5, 1.5, number)
    near = np.exp(-0.5 * (wind.difference(direction, 40.0) / 15.0) ** 2)
    return speed, direction, random.gamma(2.0, 5.0, number) + 30.0 * near, np.arange(number) // 24


def cells_reference(speed: Floats, direction: Floats, values: Floats) -> Floats:
    edges = np.linspace(0.0, speed.max(), 31)
    result = np.full((30, 36), np.nan)
    for i in range(30):
        ring = (speed > edges[i]) & (speed <= edges[i + 1])
        for j in range(36):
            inside = ring & (direction == 10.0 * (j + 1))
            if inside.any():
                result[i, j] = values[inside].mean()
    return result


def regression_reference(
    speed: Floats, direction: Floats, values: Floats, theta: Floats, grid: Floats
) -> Floats:
    result = np.empty((theta.size, grid.size))
    for i, angle in enumerate(theta):
        turn = np.exp(-0.5 * (wind.difference(angle, direction) / 5.0) ** 2)
        for j, u in enumerate(grid):
            weight = turn * np.exp(-0.5 * ((speed - u) / 1.5) ** 2)
            result[i, j] = (weight * values).sum() / weight.sum()
    return result


def bootstrap_reference(day: NDArray[np.int64], cell: NDArray[np.int64], values: Floats) -> Floats:
    random = np.random.default_rng(0)
    rows = np.split(np.arange(day.size), np.flatnonzero(np.diff(day)) + 1)
    means = []
    for _ in range(200):
        drawn = np.concatenate([rows[i] for i in random.integers(len(rows), size=len(rows))])
        means.append(np.bincount(cell[drawn], values[drawn], 36) / np.bincount(cell[drawn], minlength=36))
    return np.quantile(means, [0.05, 0.95], axis=0)


def plume_reference(sources: Floats, receptors: Floats, speed: Floats, direction: Floats) -> Floats:
    curves = sigmas.curves("gb")
    result = np.empty((speed.size, len(receptors), len(sources)))
    apart = receptors[:, None, :2] - sources[None, :, :2]
    for t in range(speed.size):
        toward = np.radians(direction[t] + 180.0)
        x = apart[..., 0] * np.sin(toward) + apart[..., 1] * np.cos(toward)
        y = apart[..., 0] * np.cos(toward) - apart[..., 1] * np.sin(toward)
        widths = {"sigma_y": curves.sigma_y(x, 4.0), "sigma_z": curves.sigma_z(x, 4.0)}
        result[t] = dispersion.plume(
            1.0, x, y, receptors[:, None, 2], height=sources[:, 2], wind=speed[t], **widths
        )
    return result


def factors_reference(values: Floats, errors: Floats, target: float, most: int = 3000) -> float:
    random = np.random.default_rng(0)
    weight = 1.0 / errors**2
    g = random.gamma(1.0, 1.0, (len(values), 5)) + 0.01
    f = (random.gamma(1.0, 1.0, (5, values.shape[1])) + 0.01) * values.mean(axis=0) / 5
    q = np.inf
    for sweep in range(most):
        f *= (g.T @ (weight * values)) / (g.T @ (weight * (g @ f)) + 1e-30)
        g *= ((weight * values) @ f.T) / ((weight * (g @ f)) @ f.T + 1e-30)
        if sweep % 20 == 19:
            q = float((weight * (values - g @ f) ** 2).sum())
            if q <= target:
                break
    return q


def best(action: Callable[[], object], repeat: int) -> tuple[float, object]:
    times, result = [], None
    for _ in range(repeat):
        begin = time.process_time()
        result = action()
        times.append(time.process_time() - begin)
    return min(times), result


def show(name: str, ours: float, theirs: float, note: str = "") -> None:
    print(f"{name:<44}{ours * 1e3:>10.1f} ms{theirs * 1e3:>12.1f} ms{theirs / ours:>8.1f} ×  {note}")


def by_wind(years: float, repeat: int) -> None:
    speed, direction, values, day = hours(years)
    ours, grid = best(lambda: polar.cells(speed, direction, values), repeat)
    theirs, plain = best(lambda: cells_reference(speed, direction, values), 1)
    np.testing.assert_allclose(grid.value, plain)
    show(f"polar cells, {years:g} years", ours, theirs)
    theta, rings = np.arange(10.0, 361.0, 10.0), np.linspace(0.0, 12.0, 40)
    ours, field = best(
        lambda: regression.regression(
            speed, direction, values, grid_direction=theta, grid_speed=rings, kernel="gaussian"
        ),
        repeat,
    )
    theirs, plain = best(lambda: regression_reference(speed, direction, values, theta, rings), 1)
    np.testing.assert_allclose(field.value, plain, rtol=1e-9)
    show(f"wind regression with errors, {years:g} years", ours, theirs, "reference without errors")
    sector = wind.sector(direction, 10.0)
    ours, _ = best(lambda: bootstrap.ratio(day, sector, values, np.ones(values.size), 36), repeat)
    theirs, _ = best(lambda: bootstrap_reference(day, sector, values), 1)
    show("200 replicates by days", ours, theirs)
    ours, _ = best(lambda: polar.surface(grid), repeat)
    print(f"{'surface through the cells':<44}{ours * 1e3:>10.1f} ms")


def by_plume(repeat: int) -> None:
    random = np.random.default_rng(2)
    sources = np.column_stack([random.uniform(-5e3, 5e3, (2000, 2)), random.uniform(5, 60, 2000)])
    receptors = np.column_stack([random.uniform(-5e3, 5e3, (50, 2)), np.full(50, 3.0)])
    speed, direction = random.uniform(1, 8, 24), random.uniform(0, 360, 24)
    weather = {"wind": speed, "direction": direction, "stability": np.full(24, 4.0)}
    dispersion.response(sources[:1], receptors[:1], **weather)
    ours, matrix = best(lambda: dispersion.response(sources, receptors, **weather), repeat)
    theirs, plain = best(lambda: plume_reference(sources, receptors, speed, direction), 1)
    np.testing.assert_allclose(matrix, plain, rtol=1e-6, atol=1e-10)
    show("plume matrix, 2.4 million pairs", ours, theirs)
    air = inversion.weather(3.0, 200.0, 4.0)
    seen = dispersion.response(
        [[0.0, 0.0, 10.0]], receptors, wind=3.0, direction=205.0, stability=4.0
    ).ravel()
    axis = np.linspace(-3000, 3000, 61)
    ours, _ = best(lambda: inversion.locate(40.0 * seen, receptors, axis, axis, air), repeat)
    print(f"{'place of one source, 61 × 61 × 17':<44}{ours * 1e3:>10.1f} ms")


def by_species(repeat: int) -> None:
    random = np.random.default_rng(3)
    truth = random.gamma(1.0, 3.0, (1000, 5)) @ random.dirichlet(np.full(20, 0.4), 5)
    errors = 0.1 * truth + 0.02
    values = np.maximum(truth + errors * random.standard_normal(truth.shape), 0.0)
    receptor.factorise(values[:50], errors[:50], 2, starts=1, rounds=10)
    ours, found = best(lambda: receptor.factorise(values, errors, 5, starts=1), repeat)
    theirs, q = best(lambda: factors_reference(values, errors, found.q * 1.0005), 1)
    note = f"Q/Qexp {found.ratio:.4f}, reference {q / found.q_expected:.4f}"
    show("factorisation 1000 × 20, 5 factors", ours, theirs, note)


def by_river(repeat: int) -> None:
    times = np.arange(0.0, 86_400.0, 1800.0)
    water = {"area": 50.0, "speed": 0.5, "dispersion": 30.0}
    readings = river.instantaneous(1e5, 20_000.0, times, **water)
    section = river.Section(times, readings, 20_000.0, 50.0, 0.5, 30.0)
    prior = river.Prior(start=(-20_000.0, 20_000.0))
    ours, _ = best(lambda: river.estimate_release([section], prior), repeat)
    print(f"{'release from one outfall, 1000 draws':<44}{ours * 1e3:>10.1f} ms")


def products_reference(
    speed: Floats, direction: Floats, values: Floats, theta: Floats, grid: Floats
) -> Floats:
    turn = np.exp(-0.5 * (wind.difference(theta[:, None], direction) / 5.0) ** 2)
    blow = np.exp(-0.5 * ((speed[:, None] - grid) / 1.5) ** 2)
    return (turn * values) @ blow / (turn @ blow)


def large(repeat: int) -> None:
    speed, direction, values, _ = hours(10.0)
    theta, rings = np.arange(2.0, 361.0, 2.0), np.linspace(0.0, 12.0, 40)
    winds = {"grid_direction": theta, "grid_speed": rings, "kernel": "gaussian"}
    ours, field = best(lambda: regression.regression(speed, direction, values, **winds), repeat)
    theirs, plain = best(lambda: products_reference(speed, direction, values, theta, rings), 1)
    np.testing.assert_allclose(field.value, plain, rtol=1e-9)
    show("wind regression, 10 years, 180 × 40", ours, theirs, "reference: matrix products, without errors")
    random = np.random.default_rng(4)
    sources = np.column_stack([random.uniform(-5e3, 5e3, (200, 2)), random.uniform(5, 60, 200)])
    receptors = np.column_stack([random.uniform(-5e3, 5e3, (10_000, 2)), np.full(10_000, 3.0)])
    speed, direction = random.uniform(1, 8, 24), random.uniform(0, 360, 24)
    weather = {"wind": speed, "direction": direction, "stability": np.full(24, 4.0)}
    ours, matrix = best(lambda: dispersion.response(sources, receptors, **weather), repeat)
    theirs, plain = best(lambda: plume_reference(sources, receptors, speed, direction), 1)
    np.testing.assert_allclose(matrix, plain, rtol=1e-6, atol=1e-10)
    show("plume matrix, 48 million pairs", ours, theirs)
    twenty_models()


def twenty_models() -> None:
    random = np.random.default_rng(3)
    truth = random.gamma(1.0, 3.0, (1000, 5)) @ random.dirichlet(np.full(20, 0.4), 5)
    errors = 0.1 * truth + 0.02
    values = np.maximum(truth + errors * random.standard_normal(truth.shape), 0.0)
    ours, found = best(lambda: receptor.factorise(values, errors, 5, starts=20), 1)
    theirs, _ = best(lambda: factors_reference(values, errors, found.q * 1.0005), 1)
    show("20 factorisations 1000 × 20, 5 factors", ours, 20 * theirs, "reference: one start, times 20")
    against_esat(values, errors, found, ours)


def against_esat(values: Floats, errors: Floats, found: receptor.Factors, ours: float) -> None:
    if importlib.util.find_spec("esat") is None:
        print("ESAT is not installed: no comparison with it")
        return
    try:
        from esat.model.sa import SA
    except ImportError as error:
        # Its model imports windows at import, which images without Tk do not have.
        print(f"ESAT is installed and cannot be imported here: {error}")
        return

    def model() -> float:
        # Its compiled part reads columns first; rows first are factorised scrambled without a word.
        one = SA(
            np.asfortranarray(values),
            np.asfortranarray(errors),
            factors=5,
            method="ls-nmf",
            seed=42,
            verbose=False,
        )
        one.initialize()
        one.train()
        return float((((values - one.W @ one.H) / errors) ** 2).sum())

    theirs, q = best(model, 1)
    show(
        "the same against ESAT",
        ours,
        20 * theirs,
        f"ESAT: one model, times 20; Q {found.q:.0f} here, {q:.0f} there",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--years", type=float, default=3.0)
    parser.add_argument("--small", action="store_true", help="leave the large cases out")
    parser.add_argument(
        "--models", action="store_true", help="only the twenty factorisations, and ESAT beside them"
    )
    options = parser.parse_args()
    print(f"{'':<44}{'here':>13}{'reference':>15}{'ratio':>10}")
    if options.models:
        twenty_models()
        return
    by_wind(options.years, options.repeat)
    by_plume(options.repeat)
    by_species(options.repeat)
    by_river(options.repeat)
    if not options.small:
        large(options.repeat)


if __name__ == "__main__":
    main()
