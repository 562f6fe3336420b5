import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.rooms.images import errors, rules
from modelyard.rooms.images.rules import SizedWheel
from modelyard.rooms.images.schemas import Lock, PlatformLock, SystemPackage, Wheel

wheel_sets = st.lists(
    st.builds(SizedWheel, st.text("abcdefgh", min_size=1, max_size=6), st.integers(0, 3 * rules.LARGE_WHEEL_BYTES)),
    unique_by=lambda wheel: wheel.name,
    max_size=60,
)


@given(wheel_sets, st.integers(1, 40))
def test_every_wheel_is_in_exactly_one_layer_within_the_budget(wheels, budget):
    groups = rules.plan_layers(wheels, budget=budget)
    assert len(groups) <= budget
    assert sorted(name for group in groups for name in group) == sorted(wheel.name for wheel in wheels)
    assert all(groups)


@given(wheel_sets, st.integers(1, 40), st.randoms())
def test_the_plan_depends_on_the_set_alone(wheels, budget, random):
    shuffled = list(wheels)
    random.shuffle(shuffled)
    assert rules.plan_layers(shuffled, budget=budget) == rules.plan_layers(wheels, budget=budget)


@given(wheel_sets, st.integers(1, 40))
def test_no_wheel_alone_is_smaller_than_one_in_the_merged_layer(wheels, budget):
    size = {wheel.name: wheel.size for wheel in wheels}
    groups = rules.plan_layers(wheels, budget=budget)
    merged = max((size[name] for group in groups if len(group) > 1 for name in group), default=0)
    alone = [size[group[0]] for group in groups[1:] if len(group) == 1]
    assert all(one >= merged for one in alone)


def test_small_wheels_share_a_layer_and_large_ones_have_their_own():
    large = rules.LARGE_WHEEL_BYTES
    wheels = [
        SizedWheel("zlib-ng", 10),
        SizedWheel("numpy", large),
        SizedWheel("six", 5),
        SizedWheel("scipy", large + 1),
    ]
    assert rules.plan_layers(wheels, budget=10) == [("six", "zlib-ng"), ("numpy",), ("scipy",)]
    assert rules.plan_layers(wheels, budget=2) == [("numpy", "six", "zlib-ng"), ("scipy",)]
    assert rules.plan_layers([], budget=10) == []


@pytest.mark.parametrize(
    "line",
    [
        "-i https://example.org/simple",
        "--index-url=https://example.org/simple",
        "--extra-index-url https://example.org/simple",
        "-r other.txt",
        "-c constraints.txt",
        "-e .",
        "--find-links /etc",
        "git+https://example.org/x.git",
        "x @ git+https://example.org/x.git",
        "x @ file:///etc/passwd",
        "./x",
        "/etc/passwd",
        "https://example.org/x-1.0-py3-none-any.whl",
        "numpy; $(id)",
        "${HOME}",
    ],
)
def test_requirements_are_data(line):
    with pytest.raises(errors.RequirementRefused) as refused:
        rules.check_requirements(f"six\n{line}\n")
    assert "Line 2" in refused.value.detail


def test_plain_requirements_pass():
    text = "# comment\n\nnumpy>=1.26,<3  # why\nscikit-learn[plots]==1.7 ; python_version >= '3.10'\n"
    assert rules.check_requirements(text) == ["numpy>=1.26,<3", "scikit-learn[plots]==1.7 ; python_version >= '3.10'"]


@pytest.mark.parametrize("platform", ["linux/s390x", "windows/amd64", "amd64", "", "linux/", "linux/amd64/v2"])
def test_unknown_platforms_are_refused(platform):
    with pytest.raises(errors.PlatformUnknown):
        rules.parse_platform(platform)


@pytest.mark.parametrize("python", ["2.7", "3", "3.11.2", "3.1", "latest", "3.11\n", "../3.11"])
def test_odd_pythons_are_refused(python):
    with pytest.raises(errors.PythonUnavailable):
        rules.check_python(python)


@pytest.mark.parametrize("name", ["", "-o", "APT::x", "libgl1=1.0", "perl-", "a b", "--help", "Vim"])
def test_odd_system_packages_are_refused(name):
    with pytest.raises(errors.UnknownSystemPackage):
        rules.check_system_packages([name])


def wheel(filename):
    return Wheel("x", "1.0", filename, f"https://example.org/{filename}", "0" * 64)


def choose(*filenames, python="3.11", platform="linux/amd64", glibc="2.36"):
    chosen = rules.choose_wheel([wheel(name) for name in filenames], python=python, platform=platform, glibc=glibc)
    return chosen and chosen.filename


def test_the_wheel_an_installer_would_take_is_chosen():
    pure, old, new = (
        "x-1.0-py3-none-any.whl",
        "x-1.0-cp311-cp311-manylinux2014_x86_64.whl",
        "x-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    )
    too_new = "x-1.0-cp311-cp311-manylinux_2_39_x86_64.whl"
    assert choose(pure, old, new, too_new) == new
    assert choose(pure, too_new) == pure
    assert choose(pure, old, new, platform="linux/arm64") == pure
    assert choose("x-1.0-cp39-abi3-manylinux_2_17_aarch64.whl", platform="linux/arm64").endswith("aarch64.whl")
    assert choose("x-1.0-cp312-cp312-manylinux_2_28_x86_64.whl") is None
    assert choose("nonsense.whl") is None


def test_a_lock_survives_its_text():
    lock = Lock("3.11", {"linux/amd64": PlatformLock("x = 1", (SystemPackage("libx", "1:2", "amd64", "0" * 64),))})
    assert Lock.from_text(lock.to_text()) == lock


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"python": "3.11", "platforms": {"a": 1}}'])
def test_other_texts_are_no_locks(text):
    with pytest.raises(errors.LockRefused):
        Lock.from_text(text)
