"""The outbox by itself, between a device and a line that do what a test wants: nothing is lost, nothing acts twice."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.async_api import Page

from tests.ui.browsing import Browse
from tests.ui.watching import Watch

START: Final = """
async () => {
  const {Outbox} = await import("/assets/js/net/outbox.js");
  const clone = (one) => structuredClone(one);
  const kept = new Map();
  const device = window.device = {
    kept, fails: false,
    async waiting() {
      const found = [...kept.values()].map(clone);
      await (device.slow ?? null);
      return found.sort((one, other) => (one.at + one.id < other.at + other.id ? -1 : 1));
    },
    async putWaiting(...all) {
      if (device.fails) throw new DOMException("full", "QuotaExceededError");
      for (const one of all) kept.set(one.id, clone(one));
    },
    async removeWaiting(id) { kept.delete(id); },
  };
  const line = window.line = {
    up: true, out: [], rows: {position: 1, tasks: new Map()},
    live: () => line.up, entities: () => line.rows,
    send: (message) => { if (line.up) line.out.push(clone(message.command)); return line.up; },
  };
  window.fresh = async () => {
    window.outbox?.close();
    window.outbox = new Outbox(device, ["anna", "home"], line);
    await window.outbox.open();
    await rest();
  };
  window.rest = (wait = 50) => new Promise((done) => setTimeout(done, wait));
  window.answer = async (answered, wait) => { outbox.decided(answered); await rest(wait); };
  const events = [{position: 1}];
  window.accepted = (id) => ({op: "outcome", outcome: {id, status: "accepted", events, problem: null}});
  window.failed = (id, status, code) => ({op: "error", re: "command", id, problem: {status, code}});
  window.cut = async () => { line.up = false; outbox.lost(); await rest(); };
  window.back = async () => { line.up = true; outbox.pump(); await rest(); };
  window.parse = [];
  const really = window.fetch;
  window.fetch = (to, options) => {
    if (!String(to).endsWith("/parse")) return really(to, options);
    return new Promise((done) => parse.push((found) => done(Response.json(found))));
  };
  await fresh();
}
"""

FOUND: Final = '{command: {type: "CreateTask", title: "Milk"}, reminders: [{before: "PT30M"}]}'


async def box(browse: Browse) -> Page:
    """A page with an outbox that nobody else knows."""
    page = await browse("/assets/build.json")
    await page.evaluate(START)
    return page


async def told(page: Page, script: str) -> Any:
    """What a script comes to."""
    return await page.evaluate(f"async () => {{ {script} }}")


@pytest.mark.parametrize(("status", "code"), [(503, "not-ready"), (429, "busy"), (409, "still-pending")])
async def test_what_cannot_be_taken_just_now_is_sent_again(browse: Browse, status: int, code: str) -> None:
    """The same command under the same key: it is not refused, and may have been appended."""
    page = await box(browse)
    script = f"""
        outbox.add({{id: "a", type: "CreateProject", name: "Home"}});
        await rest();
        await answer(failed("a", {status}, "{code}"), 800);
        return [outbox.entries.map((one) => one.state), line.out];
    """
    states, out = await told(page, script)
    assert states == ["sent"]
    assert [one["id"] for one in out] == ["a", "a"]


async def test_after_a_fault_it_is_tried_under_the_same_key(browse: Browse) -> None:
    """Nobody knows whether it was appended; what was refused gets a new key, once."""
    page = await box(browse)
    script = """
        outbox.add({id: "a", type: "CreateProject", name: "Home"});
        await rest();
        await answer(failed("a", 500, "internal"));
        await Promise.all([outbox.insist("a"), outbox.insist("a")]);
        await rest();
        await answer(failed("a", 422, "invalid"));
        await Promise.all([outbox.insist("a"), outbox.insist("a")]);
        await rest();
        await answer(accepted(line.out.at(-1).id));
        return [outbox.entries.length, device.kept.size, line.out.map((one) => one.id)];
    """
    left, kept, (first, second, third) = await told(page, script)
    assert (left, kept, first, second) == (0, 0, "a", "a")
    assert third != "a"


async def test_it_goes_out_again_to_the_letter(browse: Browse) -> None:
    """An edit was applied, but its outcome lost: the same key with another version would be refused."""
    page = await box(browse)
    script = """
        line.rows.tasks.set("t", {id: "t", title: "Milk", version: 3});
        outbox.add({id: "a", type: "EditTask", task: "t", title: "Oat milk"}, {base: {title: "Milk"}});
        await rest();
        await cut();
        line.rows.tasks.set("t", {id: "t", title: "Soy milk", version: 5});  // and somebody has changed it since
        await back();
        return [outbox.entries.map((one) => one.state), line.out];
    """
    states, (first, again) = await told(page, script)
    assert states == ["sent"]
    assert first == again
    assert again["expected_version"] == 3


async def test_after_a_conflict_of_versions_it_waits_for_the_rows(browse: Browse) -> None:
    """Each attempt is in the log: they must not be as many as the line can carry."""
    page = await box(browse)
    script = """
        line.rows.tasks.set("t", {id: "t", title: "Milk", version: 3});
        outbox.add({id: "a", type: "EditTask", task: "t", title: "Oat milk"}, {base: {title: "Milk"}});
        await rest();
        const refused = {id: "a", status: "refused", events: [], problem: {status: 412, code: "version-conflict"}};
        await answer({op: "outcome", outcome: refused});
        const soon = line.out.length;
        line.rows.tasks.set("t", {id: "t", title: "Milk", version: 4});
        await rest(700);
        return [soon, line.out.map((one) => [one.id === "a", one.expected_version])];
    """
    assert await told(page, script) == [1, [[True, 3], [False, 4]]]


async def test_commands_of_one_moment_keep_their_order(browse: Browse) -> None:
    """A task and its reminders are made in one millisecond; another tab, or the next visit, reads them in order."""
    page = await box(browse)
    script = """
        line.up = false;
        const names = Array.from({length: 20}, (_, at) => String.fromCharCode(117 - at));
        for (const id of names) outbox.add({id, type: "CreateTask", title: id});
        await rest();
        await fresh();
        return [names, outbox.entries.map((one) => one.id)];
    """
    wanted, found = await told(page, script)
    assert found == wanted


async def test_a_line_that_was_understood_twice_is_sent_once(browse: Browse) -> None:
    """The connection is lost while the server reads it: neither task nor reminder is doubled."""
    page = await box(browse)
    script = f"""
        outbox.add({{id: "a", type: "CreateTask", task: "t", title: "Milk"}}, {{text: "Milk remind me"}});
        await rest();
        await cut();
        await back();
        for (const found of parse) found({FOUND});
        await rest();
        await answer(accepted("a"));
        await answer(accepted(line.out.at(-1).id));
        return [parse.length, outbox.entries.length, line.out.map((one) => one.type)];
    """
    assert await told(page, script) == [2, 0, ["CreateTask", "AddReminder"]]


async def test_what_is_given_up_while_it_is_understood_stays_so(browse: Browse) -> None:
    """It is not sent, not kept, and holds nothing up."""
    page = await box(browse)
    script = f"""
        outbox.add({{id: "a", type: "CreateTask", task: "t", title: "Milk"}}, {{text: "Milk"}});
        outbox.add({{id: "b", type: "CreateProject", name: "Home"}});
        await rest();
        await outbox.drop("a");
        parse[0]({FOUND});
        await rest();
        return [[...device.kept.keys()], line.out.map((one) => one.id)];
    """
    assert await told(page, script) == [["b"], ["b"]]


async def test_what_is_given_up_on_its_way_holds_nothing_up(browse: Browse) -> None:
    """Its outcome is nobody's; the next one goes."""
    page = await box(browse)
    script = """
        outbox.add({id: "a", type: "CreateProject", name: "Home"});
        outbox.add({id: "b", type: "CreateProject", name: "Work"});
        await rest();
        await outbox.drop("a");
        await answer(accepted("a"));
        return line.out.map((one) => one.id);
    """
    assert await told(page, script) == ["a", "b"]


async def test_another_tab_does_not_make_it_forget(browse: Browse) -> None:
    """What the device says is older than what has happened here since it was asked."""
    page = await box(browse)
    script = """
        const other = new BroadcastChannel("tasksys outbox anna home");
        line.up = false;
        let go;
        device.slow = new Promise((done) => { go = done; });
        other.postMessage({changed: true});
        await rest();
        outbox.add({id: "a", type: "CreateProject", name: "Home"});
        device.slow = null;
        go();
        await rest();
        await back();
        return line.out.map((one) => one.id);
    """
    assert await told(page, script) == ["a"]


async def test_what_was_cut_off_is_sent_whatever_another_tab_does(browse: Browse) -> None:
    """The device says of it that it was sent; the connection that it was sent over is no more."""
    page = await box(browse)
    script = """
        const other = new BroadcastChannel("tasksys outbox anna home");
        outbox.add({id: "a", type: "CreateProject", name: "Home"});
        await rest();
        await cut();
        outbox.add({id: "b", type: "CreateProject", name: "Work"});
        other.postMessage({changed: true});
        await rest();
        await back();
        return line.out.map((one) => one.id);
    """
    assert await told(page, script) == ["a", "a"]


async def test_a_full_device_loses_nothing_while_the_page_is_open(browse: Browse, watch: Watch) -> None:
    """Not even when another tab has news."""
    watch.allow("this device keeps nothing")
    page = await box(browse)
    script = """
        const other = new BroadcastChannel("tasksys outbox anna home");
        line.up = false;
        device.fails = true;
        outbox.add({id: "a", type: "CreateProject", name: "Home"});
        await rest();
        other.postMessage({changed: true});
        await rest();
        await back();
        return line.out.map((one) => one.id);
    """
    assert await told(page, script) == ["a"]


async def test_what_no_line_can_carry_holds_nothing_up(browse: Browse) -> None:
    """A server ends the connection over it, and would each time."""
    page = await box(browse)
    script = """
        outbox.add({id: "a", type: "CreateTask", title: "Milk", description: "ü".repeat(600_000)});
        outbox.add({id: "b", type: "CreateTask", title: "Bread"});
        await rest(200);
        return [outbox.entries.map((one) => [one.state, one.problem?.code]), line.out.map((one) => one.id)];
    """
    assert await told(page, script) == [[["refused", "body-too-large"], ["sent", None]], ["b"]]
