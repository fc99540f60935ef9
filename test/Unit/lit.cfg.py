"""The GoogleTest programs of unittests/: every program whose name ends in Tests."""

import os

import lit.formats

config.name = "TERNARY-Unit"
config.suffixes = []
config.test_source_root = os.path.join(config.ternary_obj_root, "unittests")
config.test_exec_root = config.test_source_root
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.environment["HOME"] = os.environ.get("HOME", "/")
if config.ternary_sanitize:
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:use_sigaltstack=0"
