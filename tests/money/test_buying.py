"""Real calls over a real socket: what they cost, and what a budget lets out."""

import re
from collections.abc import Iterator

import pytest

from tests.money.seller import PRICE, Seller, selling
from tests.project import Project

ASKING = """
    import asyncio, os
    import httpx2

    URL = os.environ["URL"] + "/chat/completions"

    def request(prompt):
        messages = [{"role": "user", "content": prompt}]
        return {"model": "gpt-4.1", "max_tokens": 100, "messages": messages}

    def text(response):
        return response.json()["choices"][0]["message"]["content"]

    def ask(prompt):
        with httpx2.Client() as client:
            return text(client.post(URL, json=request(prompt)))

    def ask_what_goes(name, count):
        answers = []
        for number in range(count):
            try:
                answers.append(ask(f"{name} {number}"))
            except Exception:
                answers.append(f"no answer {number}")
        return answers

    def step_what_goes(name, count):
        from milepost import step
        return step("all", ask_what_goes, name, count)

    def ask_all(name, count):
        return [ask(f"{name} {number}") for number in range(count)]

    async def ask_at_once(name, count):
        client = httpx2.AsyncClient(timeout=60)
        async def one(number):
            return text(await client.post(URL, json=request(f"{name} {number}")))
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(one(number)) for number in range(count)]
        return [each.result() for each in asked]

    def ask_by_sdk(prompt):
        import openai
        client = openai.OpenAI(api_key="k", base_url=os.environ["URL"], max_retries=2)
        return client.chat.completions.create(**request(prompt)).choices[0].message.content

    def ask_and_die():
        return ask(str(os.getpid()))
"""
ONE = """
    import asyncio
    import pytest
    from asking import *

    @pytest.mark.milepost(record=True{more})
    def test_pipeline(phase):
        assert len({call}) == {count}
"""
FIVE = 5.6 * PRICE  # for five answers, and not for the worst case of a sixth


@pytest.fixture
def seller() -> Iterator[Seller]:
    """Give a server that sells completions."""
    with selling() as found:
        yield found


class Shop:
    """A project whose tests buy from a seller."""

    def __init__(self, project: Project, seller: Seller) -> None:
        self.project = project
        self.seller = seller
        project.write("asking.py", ASKING)

    def write(self, call: str, count: int, more: str = "") -> None:
        """Write the only test: what it asks, and how many answers that gives."""
        text = ONE.replace("{call}", call).replace("{count}", str(count))
        self.project.write("test_pipeline.py", text.replace("{more}", more))

    @property
    def junit(self) -> str:
        """Give the JUnit file of the last run that wrote one."""
        return (self.project.folder / "junit.xml").read_text()

    def run(self, *arguments: str) -> str:
        """Run the tests; gives what pytest printed."""
        return self.project.run(*arguments, env={"URL": self.seller.url}).text


@pytest.fixture
def shop(project: Project, seller: Seller) -> Shop:
    """Give a project whose tests buy from the seller."""
    return Shop(project, seller)


ALL = 'phase("asking", ask_all, "file", 8)'
AT_ONCE = 'asyncio.run(phase("asking", ask_at_once, "file", 33))'


def test_a_test_stops_before_the_call_that_would_go_over(shop: Shop) -> None:
    """No call goes out that max_cost_usd may not bear; a larger one buys only the rest."""
    shop.write(ALL, 8, f", max_cost_usd={FIVE}")
    stopped = shop.run()
    assert "milepost: stopped before a call: it may cost up to $0.00" in stopped
    assert "1 failed" in stopped
    assert "asking  interrupted" in stopped
    assert "      paid $0.0041\n" in stopped
    assert len(shop.seller.prompts) == 5

    again = shop.run()
    assert "stopped before a call" in again
    assert "      saved $0.0041\n" in again
    assert len(shop.seller.prompts) == 5

    shop.write(ALL, 8, ", max_cost_usd=1")
    resumed = shop.run()
    assert "1 passed" in resumed
    assert "      paid $0.0025, saved $0.0041\n" in resumed
    assert "  in all runs: paid $0.0066; 880 tokens\n" in resumed
    assert sorted(shop.seller.prompts) == [f"file {n}" for n in range(8)]


def test_calls_at_once_do_not_overdraw_it(shop: Shop) -> None:
    """Of 33 concurrent calls as many go out as fit; those on their way are kept."""
    shop.seller.seconds = 0.1
    shop.write(AT_ONCE, 33, f", max_cost_usd={FIVE}")
    assert "stopped before a call" in shop.run()
    assert len(shop.seller.prompts) == 5

    shop.write(AT_ONCE, 33)
    resumed = shop.run()
    assert "1 passed" in resumed
    assert "paid $0.023, saved $0.0041" in resumed
    assert len(shop.seller.prompts) == len(set(shop.seller.prompts)) == 33


def test_a_test_without_phases_is_limited_as_a_whole(shop: Shop) -> None:
    """Where the whole test is recorded as one, it stops before the call just the same."""
    shop.write('ask_all("file", 8)', 8, f", max_cost_usd={FIVE}")
    shop.project.edit("test_pipeline.py", "(phase)", "()")
    assert "stopped before a call" in shop.run()
    assert len(shop.seller.prompts) == 5
    shop.project.edit("test_pipeline.py", f", max_cost_usd={FIVE}", "")
    resumed = shop.run()
    assert "1 passed" in resumed
    assert "paid $0.0025, saved $0.0041" in resumed
    assert len(shop.seller.prompts) == 8


@pytest.mark.parametrize("ask", ["ask_what_goes", "step_what_goes"])
def test_what_was_made_without_an_answer_is_not_kept(shop: Shop, ask: str) -> None:
    """A pipeline that goes on without a refused answer neither passes nor is kept."""
    shop.write(f'phase("asking", {ask}, "file", 8)', 8, f", max_cost_usd={FIVE}")
    stopped = shop.run()
    assert "1 failed" in stopped
    assert "a call in it was not made, for it might have gone over the budget" in stopped
    shop.project.edit("test_pipeline.py", f"max_cost_usd={FIVE}", "max_cost_usd=1")
    resumed = shop.run()
    assert "1 passed" in resumed
    assert len(shop.seller.prompts) == 8


def test_an_sdk_does_not_have_it_tried_again(shop: Shop) -> None:
    """What the SDK makes of the refusal is no reason for another attempt at the phase."""
    shop.write('phase("asking", ask_by_sdk, "file")', 14, ", max_cost_usd=0.0001")
    stopped = shop.run()
    assert "Retrying in" not in stopped
    assert "asking  interrupted" in stopped
    assert shop.seller.prompts == []


def test_a_call_lost_in_flight_is_unknown(shop: Shop) -> None:
    """What was on its way when the process died is unknown, and counts for a limit."""
    shop.seller.kills = True
    shop.write('phase("asking", ask_and_die)', 14)
    shop.run()
    shown = shop.project.milepost("show").text
    assert "💰 paid $0.00, unknown: what 1 call cost" in shown
    assert "lost in flight: 1" in shown

    shop.seller.kills = False
    shop.write('phase("asking", ask, "file")', 14, f", max_cost_usd={PRICE * 1.5}")
    assert "stopped before a call" in shop.run()


def test_a_refusal_of_the_model_is_paid_and_wasted(shop: Shop) -> None:
    """What was paid for an answer that is not kept is told apart, and counts."""
    shop.seller.finish = "content_filter"
    shop.write('phase("asking", ask_all, "file", 1)', 0)
    text = shop.run()
    assert "paid $0.00082, of which $0.00082 for answers that are not used" in text
    calls = shop.project.milepost("show", "--calls").text
    assert "an answer that is not kept: refused" in calls
    assert "unknown" not in calls


def test_an_answer_without_usage_is_unknown(shop: Shop) -> None:
    """The report says of how many calls nobody knows the price, and why."""
    shop.seller.with_usage = False
    shop.write('phase("asking", ask_all, "file", 2)', 2)
    text = shop.run()
    assert "      unknown: what 2 calls cost\n" in text
    assert "the answer does not say its usage: 2" in text
    assert "paid" not in text.split("= milepost =")[1].replace("paid $0.00, unknown", "")


def test_a_refused_call_costs_nothing(shop: Shop) -> None:
    """An error of the server leaves the budget as it was."""
    shop.seller.status = 500
    retry = "__import__('milepost').RetryConfig(max_retries=0)"
    shop.write(ALL, 8, f", max_cost_usd={PRICE * 1.5}, retry={retry}")
    shop.run()
    shop.seller.status = 200
    before = len(shop.seller.prompts)
    shop.run()
    assert len(shop.seller.prompts) == before + 1


WORKERS = """
    import pytest
    from asking import *

    @pytest.mark.milepost(record=True)
    @pytest.mark.parametrize("n", ["a", "b", "c", "d"])
    def test_many(phase, n):
        answers = phase("asking", ask_all, n, 4)
        assert answers == "not yet"
"""


def test_workers_share_one_budget(shop: Shop) -> None:
    """Two workers together buy what the session may cost, and a larger budget the rest."""
    shop.project.plugins.append("xdist.plugin")
    shop.project.write("test_many.py", WORKERS)
    shop.seller.seconds = 0.05
    stopped = shop.run("-n", "2", f"--milepost-budget={FIVE}", "--junitxml=junit.xml")
    assert "The budget was given by --milepost-budget" in stopped
    assert len(shop.seller.prompts) == 5
    assert "; paid $0.0041" in stopped
    paid = re.findall(r'"milepost.paid_usd" value="(.*?)"', shop.junit)
    assert sum(map(float, paid)) == pytest.approx(5 * PRICE)

    shop.project.edit("test_many.py", '== "not yet"', "!= []")
    resumed = shop.run("-n", "2", "--milepost-budget=1")
    assert "4 passed" in resumed
    assert len(shop.seller.prompts) == len(set(shop.seller.prompts)) == 16
    assert "; paid $0.009, " in resumed
