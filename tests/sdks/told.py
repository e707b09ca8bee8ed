"""A story told once for several promises: broken, broken again, passed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.project import Result
from tests.sdks.generation import Story
from tests.sdks.server.servings import ANSWERED, Serving

# In the first run the calls that hang are given up soon; later none hangs.
ENVIRONMENTS = (
    {"BROKEN": "1", "PATIENCE": "0.7"},
    {"BROKEN": "1", "PATIENCE": "30"},
    {"PATIENCE": "30"},
)


@dataclass(frozen=True)
class Told:
    """What happened in the runs of a story.

    Attributes:
        story: The story.
        runs: What each run gave.
        counts: The servings of each prompt after each run.
        recorded: The text of all answers in the journal after each run but the last.
    """

    story: Story
    runs: list[Result]
    counts: list[Counter[str]]
    recorded: list[str]

    def answered(self, after: int) -> Iterator[Serving]:
        """Give the servings that were whole, up to the end of a run.

        Args:
            after: The run, from 1.
        """
        for one in self.story.stand_in.servings.all():
            if one.outcome == ANSWERED and one.number <= self.counts[after - 1][one.prompt]:
                yield one


def tell(story: Story) -> Told:
    """Run all configurations of a generation, three times.

    Args:
        story: The story; its project is written here.
    """
    story.ask("everything")
    told = Told(story, [], [], [])
    for environment in ENVIRONMENTS:
        told.runs.append(story.run(env=environment, timeout=280))
        told.counts.append(story.stand_in.servings.counts())
        told.recorded.append(story.recorded())
    return told
