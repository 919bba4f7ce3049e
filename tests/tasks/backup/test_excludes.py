"""What a pattern leaves out is what restic's `--exclude` leaves out."""

import pytest

from tasks.tools.backup.excludes import left_out

CASES = [
    (["*.o"], "/srv/app/main.o", True, "a plain pattern matches the last part at every depth"),
    (["*.o"], "/srv/app/main.out", False, "the whole part must match"),
    (["*.o"], "/srv/app.o/main.c", True, "what is below a matching folder goes with it"),
    (["cache"], "/srv/cache/x", True, "a folder by its name"),
    (["cache"], "/srv/caches/x", False, "a part is matched whole"),
    (["/srv/cache"], "/srv/cache/x", True, "anchored, and below"),
    (["/srv/cache"], "/data/srv/cache", False, "a leading slash anchors at the root"),
    (["app/*.log"], "/srv/app/a.log", True, "two parts in a row at any depth"),
    (["app/*.log"], "/srv/app/old/a.log", False, "a star does not span parts"),
    (["app/**/*.log"], "/srv/app/old/2025/a.log", True, "two stars span parts"),
    (["app/**/*.log"], "/srv/app/a.log", True, "two stars span none"),
    (["/**/secret"], "/a/b/secret", True, "anchored with two stars"),
    (["?.tmp"], "/a/x.tmp", True, "one character"),
    (["?.tmp"], "/a/xx.tmp", False, "exactly one"),
    (["[a-c].txt"], "/b.txt", True, "a range"),
    (["[^a-c].txt"], "/b.txt", False, "a negated range"),
    (["[^a-c].txt"], "/x.txt", True, "outside the negated range"),
    ([r"\*.txt"], "/a.txt", False, "a backslash takes the star as it is"),
    ([r"\*.txt"], "/*.txt", True, "a real star"),
    (["[ab"], "/[ab", True, "an open bracket without its end is itself"),
    (["a+b(c)"], "/x/a+b(c)", True, "other signs have no meaning"),
    (["*.log", "!keep.log"], "/srv/keep.log", False, "a later negation takes it back in"),
    (["!keep.log", "*.log"], "/srv/keep.log", True, "an earlier one does not"),
    (["*.log", "!keep.log"], "/srv/other.log", True, "and only it"),
    ([], "/anything", False, "no pattern leaves nothing out"),
    ([""], "/anything", False, "nor does an empty one"),
    (["line\nbreak"], "/a/line\nbreak", True, "names may hold line breaks"),
]


@pytest.mark.parametrize(("patterns", "path", "expected", "reason"), CASES)
def test_a_pattern_leaves_out_what_restic_leaves_out(patterns, path, expected, reason):
    assert left_out(patterns)(path) is expected, reason
