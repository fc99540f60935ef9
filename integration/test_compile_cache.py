"""Tests of compile_cache.py: a wrong key would test what is out of date."""

import os
import threading

import pytest
from compile_cache import Cache, digest, digest_files


def write(folder, text="made"):
    (folder / "file").write_text(text)


def test_made_once(tmp_path):
    cache, calls = Cache(tmp_path), []
    for _ in range(2):
        folder = cache.get("key", lambda folder: (write(folder), calls.append(folder)))
        assert (folder / "file").read_text() == "made"
    assert len(calls) == 1


def test_made_once_by_threads(tmp_path):
    calls = []

    def run():
        Cache(tmp_path).get("key", lambda folder: (write(folder), calls.append(folder)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_what_fails_is_made_again(tmp_path):
    def fail(folder):
        write(folder, "half")
        raise ValueError

    cache = Cache(tmp_path)
    with pytest.raises(ValueError):
        cache.get("key", fail)
    assert (cache.get("key", lambda folder: None)).is_dir()
    assert not (cache.get("key", write) / "file").exists()


def test_digests_follow_contents(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    write(model, "a")
    first = digest_files(model)
    write(model, "b")
    os.utime(model / "file", ns=(1, 1))
    second = digest_files(model)
    (model / "file").rename(model / "other")
    third = digest_files(model)
    assert len({first, second, third}) == 3
    copy = tmp_path / "copy" / "model"
    copy.mkdir(parents=True)
    (copy / "other").write_text("b")
    assert digest_files(copy) == third
    assert digest(model, ("--a",)) != digest(model, ("--a", "--b")) != digest(model, ("--a --b",))


def test_trimmed_to_what_was_used_last(tmp_path):
    cache = Cache(tmp_path)
    for age, key in enumerate(("new", "old", "older")):
        cache.get(key, lambda folder: write(folder, 1000 * "x"))
        os.utime(tmp_path / key, (1e9 - age, 1e9 - age))
    cache.trim(2000)
    assert {entry.name for entry in tmp_path.iterdir()} == {"new", "old"}
    cache.get("old", write)
    cache.trim(1000)
    assert {entry.name for entry in tmp_path.iterdir()} == {"old"}
