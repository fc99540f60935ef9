"""The optimiser's step of compiled objects, against the equations of training.h in NumPy."""

import numpy as np
import pytest
from test_random_models import write_config
from test_training import TARGETS, compile_training
from training_object import Optimizer, TrainingObject

# Hidden, intermediate, layers, vocabulary: nothing fills whole vectors.
SHAPE = (36, 52, 2, 37)
SCHEDULE = {"warmup_steps": 3, "total_steps": 12, "halve_at": 7}
SETTINGS = {
    "usual": {"clip_norm": 1.0, **SCHEDULE},
    "unclipped": {"clip_norm": 0.0, **SCHEDULE},
    "below-clip": {"clip_norm": 1e6, **SCHEDULE},
    "no-warmup": {"clip_norm": 1.0, "warmup_steps": 0, "total_steps": 12, "halve_at": -1},
    "all-warmup": {"clip_norm": 1.0, "warmup_steps": 12, "total_steps": 12, "halve_at": -1},
    "halved-at-once": {"clip_norm": 1.0, "warmup_steps": 2, "total_steps": 6, "halve_at": 0},
}


@pytest.fixture(scope="module")
def compile_target(tmp_path_factory, compile_model):
    model = write_config(tmp_path_factory.mktemp("update") / "model", SHAPE)
    return lambda target: compile_training(
        compile_model, model, *TARGETS[target], "--random-weights=5"
    )


def make_optimizer(settings: dict) -> Optimizer:
    common = {"learning_rate": 4e-3, "final_fraction": 0.1, "beta1": 0.9, "beta2": 0.95}
    return Optimizer(**common, epsilon=1e-8, weight_decay=0.1, **settings)


def fill_gradients(training: TrainingObject, step: int) -> None:
    rng = np.random.default_rng(step)
    for view in training.views(training.gradients).values():
        view[...] = rng.standard_normal(view.shape) * 0.1


def expected_rate(o: Optimizer, step: int) -> float:
    span = o.total_steps - o.warmup_steps
    t = min(max((step - o.warmup_steps) / span, 0), 1) if span > 0 else 1
    peak = o.learning_rate * (
        o.final_fraction + (1 - o.final_fraction) * (1 + np.cos(np.pi * t)) / 2
    )
    warm = (step + 1) / o.warmup_steps if step < o.warmup_steps else 1
    return peak * warm * (0.5 if 0 <= o.halve_at <= step else 1)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("target", ["reference", "cpu"])
def test_update_follows_equations(compile_target, target, settings):
    training = TrainingObject(compile_target(target), threads=2)
    o = make_optimizer(SETTINGS[settings])
    blocks = (training.parameters, training.first, training.second)
    state = [
        {name: view.astype(np.float64) for name, view in training.views(block).items()}
        for block in blocks
    ]
    for step in range(12):
        fill_gradients(training, step)
        before = training.gradients.copy()
        report = training.update(o, step)
        assert training.gradients.tobytes() == before.tobytes()
        gradients = {k: v.astype(np.float64) for k, v in training.views(before).items()}
        norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
        rate = expected_rate(o, step)
        assert report.gradient_norm == pytest.approx(norm, rel=1e-6)
        assert report.learning_rate == pytest.approx(rate, rel=1e-6)
        scale = min(1, o.clip_norm / (norm + 1e-6)) if o.clip_norm > 0 else 1
        parameters, firsts, seconds = state
        for name, gradient in gradients.items():
            g = gradient * scale
            decays = gradient.ndim > 1 and name != "model.lower_bounds"
            parameters[name] *= 1 - rate * o.weight_decay * decays
            firsts[name] = o.beta1 * firsts[name] + (1 - o.beta1) * g
            seconds[name] = o.beta2 * seconds[name] + (1 - o.beta2) * g**2
            m = firsts[name] / (1 - o.beta1 ** (step + 1))
            v = seconds[name] / (1 - o.beta2 ** (step + 1))
            parameters[name] -= rate * m / (np.sqrt(v) + o.epsilon)
    for block, expected in zip(blocks, state, strict=True):
        for name, view in training.views(block).items():
            np.testing.assert_allclose(view, expected[name], rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("target", ["cpu", "no-threads", "portable"])
def test_update_has_the_bits_of_the_reference(compile_target, target):
    def run(target, threads):
        training = TrainingObject(compile_target(target), threads)
        reports = []
        for step in range(5):
            fill_gradients(training, step)
            report = training.update(make_optimizer(SETTINGS["usual"]), step)
            reports.append((report.learning_rate, report.gradient_norm))
        blocks = (training.parameters, training.first, training.second)
        return [block.tobytes() for block in blocks], reports

    expected = run("reference", 1)
    for threads in (1, 2, 3, 7):
        assert run(target, threads) == expected


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("target", ["reference", "cpu"])
def test_norm_tells_of_what_is_not_finite(compile_target, target, value):
    training = TrainingObject(compile_target(target), threads=2)
    fill_gradients(training, 0)
    training.views(training.gradients)["model.norm.weight"][-1] = value
    report = training.update(make_optimizer(SETTINGS["usual"]), 0)
    assert np.isnan(report.gradient_norm) if np.isnan(value) else np.isinf(report.gradient_norm)
