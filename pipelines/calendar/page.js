// Draws a year of every feed from the packed columns and shows a day's receipt. What the columns are is told in
// packed.py. Text reaches the page as text only, never as markup.
(() => {
  "use strict";
  const DAY_MS = 86400000;
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  const LONG = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December"];
  const part = (id) => document.getElementById(id);
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/London", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit",
    timeZoneName: "short",
  });

  const bytesOf = (id) => Uint8Array.from(atob(part(id).textContent), (sign) => sign.charCodeAt(0));

  async function unpack() {
    const stream = new Blob([bytesOf("packed")]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  function spread(column) {
    if (!column.runs) return column;
    const whole = [];
    for (let at = 0; at < column.runs.length; at += 2) {
      for (let times = column.runs[at + 1]; times > 0; times -= 1) whole.push(column.runs[at]);
    }
    return whole;
  }

  function start(told) {
    const zero = Date.parse(told.since + "T00:00:00Z");
    const length = told.days;
    const digests = bytesOf("digests");
    const feeds = told.feeds.map((feed, place) => {
      const spreadOnce = {};
      const of = (name, at) => (spreadOnce[name] ??= spread(feed[name]))[at];
      return {
        key: feed.key,
        of,
        isLoaded: (at) => of("good", at) !== null,
        digest: (at) => {
          const from = (place * length + at) * told.digest_bytes;
          return Array.from(digests.slice(from, from + told.digest_bytes), (byte) => byte.toString(16).padStart(2, "0"))
            .join("");
        },
      };
    });
    const dateOf = (at) => new Date(zero + at * DAY_MS);
    const isoOf = (at) => dateOf(at).toISOString().slice(0, 10);
    const placeOf = (year, month, day) => Math.round((Date.UTC(year, month, day) - zero) / DAY_MS);
    const statusOf = (feed, at) => told.statuses[feed.of("status", at)];
    const marks = new Map(told.statuses.map((status, place) => [status, told.marks[place]]));
    const firstYear = dateOf(0).getUTCFullYear();
    const lastYear = dateOf(length - 1).getUTCFullYear();
    const grids = part("grids");
    let shownYear = null;
    let chosen = null;

    const make = (name, text, attributes = {}) => {
      const made = document.createElement(name);
      if (text !== "") made.textContent = text;
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      return made;
    };
    const dayInWords = (at) => {
      const day = dateOf(at);
      return `${WEEKDAYS[day.getUTCDay()]} ${day.getUTCDate()} ${LONG[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
    };
    const cellAt = (feed, at) => grids.querySelector(`table[data-feed="${feed}"] td[data-at="${at}"]`);

    function drawYear(year) {
      if (year === shownYear) return;
      shownYear = year;
      const drawn = document.createDocumentFragment();
      feeds.forEach((feed, place) => drawn.append(drawFeed(feed, place, year)));
      grids.replaceChildren(drawn);
      if (chosen) cellAt(chosen.feed, chosen.at)?.setAttribute("aria-selected", "true");
      part("year").value = String(year);
      part("earlier").disabled = year === firstYear;
      part("later").disabled = year === lastYear;
    }

    function drawFeed(feed, place, year) {
      const figure = make("figure", "");
      figure.append(make("figcaption", `${feed.key}, ${year}`));
      const table = make("table", "", {role: "grid", "aria-label": `${feed.key}, ${year}`, "data-feed": place});
      const head = make("tr", "");
      head.append(make("th", "", {"aria-label": "Month"}));
      for (let day = 1; day <= 31; day += 1) head.append(make("th", String(day), {scope: "col"}));
      const top = make("thead", "");
      top.append(head);
      const body = make("tbody", "");
      let entry = null;
      MONTHS.forEach((name, month) => {
        const row = make("tr", "");
        row.append(make("th", name, {scope: "row"}));
        const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
        const first = placeOf(year, month, 1);
        if (first + days <= 0 || first >= length) return;
        for (let day = 1; day <= 31; day += 1) {
          const at = first + day - 1;
          if (day > days || at < 0 || at >= length) {
            row.append(make("td", ""));
            continue;
          }
          const status = statusOf(feed, at);
          entry = make("td", marks.get(status), {
            class: `s-${status}`, "data-at": at, tabindex: -1, "aria-label": `${day} ${LONG[month]}, ${status}`,
          });
          row.append(entry);
        }
        body.append(row);
      });
      if (entry) entry.tabIndex = 0;
      table.append(top, body);
      figure.append(table);
      return figure;
    }

    function goTo(feed, at) {
      if (at < 0 || at >= length) return;
      drawYear(dateOf(at).getUTCFullYear());
      const cell = cellAt(feed, at);
      cell.closest("table").querySelector('td[tabindex="0"]').tabIndex = -1;
      cell.tabIndex = 0;
      cell.focus();
    }

    function choose(feed, at, isScrolled = false) {
      if (at < 0 || at >= length) return;
      drawYear(dateOf(at).getUTCFullYear());
      for (const old of grids.querySelectorAll('td[aria-selected="true"]')) old.removeAttribute("aria-selected");
      chosen = {feed, at};
      const cell = cellAt(feed, at);
      cell.setAttribute("aria-selected", "true");
      showReceipt(feeds[feed], at);
      if (isScrolled) cell.scrollIntoView({block: "center"});
      const hash = `#${feeds[feed].key}/${isoOf(at)}`;
      if (location.hash !== hash) location.hash = hash;
    }

    function showReceipt(feed, at) {
      const status = statusOf(feed, at);
      part("receipt-title").replaceChildren(
        make("b", marks.get(status), {class: `sign s-${status}`, "aria-hidden": "true"}),
        ` ${feed.key}, ${dayInWords(at)}: ${status}`,
      );
      part("facts").replaceChildren(...[
        ...failureOf(feed, at), ...revisionOf(feed, at), ...proofOf(feed, at), ...wholeOf(feed, at),
      ].map(([name, text, kind]) => {
        const pair = make("div", "", kind ? {class: kind} : {});
        pair.append(make("dt", name), make("dd", text));
        return pair;
      }));
      part("before").disabled = at === 0;
      part("after").disabled = at === length - 1;
      part("receipt").hidden = false;
    }

    function textOf(feed, name, at) {
      const place = feed.of(name, at);
      if (place === null) return null;
      return told.texts[place].replaceAll("\u0001", isoOf(at)).replaceAll("\u0002", isoOf(at + 1))
        .replaceAll("\u0003", feed.key);
    }
    const instantOf = (feed, name, at) => {
      const minutes = feed.of(name, at);
      return minutes === null ? null : clock.format(zero + at * DAY_MS + minutes * 60000);
    };
    const number = (value) => value.toLocaleString("en-GB");
    const counted = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

    function proofOf(feed, at) {
      if (!feed.isLoaded(at)) return [];
      const good = feed.of("good", at);
      const aside = feed.of("aside", at);
      const untold = feed.of("untold", at);
      return [
        ["Asked for", `${textOf(feed, "window_from", at)} to ${textOf(feed, "window_until", at)}`],
        ["The source's own total", untold === null ? "not told" : counted(good + aside + untold, "row", "rows")],
        ["Rows", `${number(good)} good, ${number(aside)} in quarantine`],
        ["Digest of the answer (SHA-256)", `${feed.digest(at)}\u2026`],
        ["Contract", textOf(feed, "contract", at)],
        ["Loaded by", `Casehouse ${textOf(feed, "version", at)}`],
        ["Origin", textOf(feed, "origin", at)],
      ];
    }

    function failureOf(feed, at) {
      const message = textOf(feed, "message", at);
      if (message === null) return [];
      const kind = textOf(feed, "kind", at);
      const attempted = instantOf(feed, "attempted", at);
      const when = attempted === null ? "" : `, ${attempted}`;
      const title = feed.isLoaded(at) ? "A later attempt failed; the last good file stays" : "The last attempt failed";
      const facts = [[`${title} (${kind}${when})`, message, "wide"]];
      if (told.runbooks[kind]) facts.push(["Runbook", told.runbooks[kind], "wide"]);
      return facts;
    }

    function revisionOf(feed, at) {
      const times = feed.of("revisions", at);
      if (times === null) return [];
      const changes = `${counted(feed.of("added", at), "row", "rows")} added, ${number(feed.of("changed", at))} changed, `
        + `${number(feed.of("gone", at))} gone`;
      const earlier = times > 1 ? `; the last of ${number(times)} times, ops.revised_days has the others` : "";
      const title = feed.of("kept", at) ? "Asked for again and held back: too few rows, so the file before stays" : "Revised";
      const facts = [[title, `${instantOf(feed, "revised", at)}: ${changes}${earlier}`, "wide"]];
      const why = textOf(feed, "why", at);
      if (why !== null) facts.push(["Why", why, "wide"]);
      return facts;
    }

    function wholeOf(feed, at) {
      const from = feed.isLoaded(at) ? "ops.receipts" : "ops.completeness";
      return [[
        feed.isLoaded(at) ? "The whole receipt" : "In the catalogue",
        `casehouse sql "from ${from} where feed = '${feed.key}' and report_date = '${isoOf(at)}'"`,
        "wide",
      ]];
    }

    function follow(isScrolled) {
      const hash = location.hash;
      const day = hash.match(/^#(.+)\/(\d{4})-(\d\d)-(\d\d)$/);
      if (day) {
        const feed = feeds.findIndex((one) => one.key === day[1]);
        const at = placeOf(Number(day[2]), Number(day[3]) - 1, Number(day[4]));
        if (feed >= 0 && !(chosen && chosen.feed === feed && chosen.at === at)) choose(feed, at, isScrolled);
        return;
      }
      const year = Number((hash.match(/^#(\d{4})$/) || [])[1]);
      if (year >= firstYear && year <= lastYear) {
        drawYear(year);
        part("days").scrollIntoView();
      }
    }

    function close() {
      part("receipt").hidden = true;
      if (!chosen) return;
      const cell = cellAt(chosen.feed, chosen.at);
      if (cell) {
        cell.removeAttribute("aria-selected");
        goTo(chosen.feed, chosen.at);
      }
      chosen = null;
    }

    const sameDay = (at, months) => {
      const day = dateOf(at);
      const last = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months + 1, 0)).getUTCDate();
      return placeOf(day.getUTCFullYear(), day.getUTCMonth() + months, Math.min(day.getUTCDate(), last));
    };
    const moves = {
      ArrowLeft: (at) => at - 1,
      ArrowRight: (at) => at + 1,
      ArrowUp: (at) => sameDay(at, -1),
      ArrowDown: (at) => sameDay(at, 1),
      PageUp: (at) => sameDay(at, -12),
      PageDown: (at) => sameDay(at, 12),
      Home: (at) => Math.max(at - dateOf(at).getUTCDate() + 1, 0),
      End: (at) => Math.min(sameDay(at - dateOf(at).getUTCDate() + 1, 1) - 1, length - 1),
    };
    const placeIn = (target) => {
      const cell = target.closest("td[data-at]");
      return cell && [Number(cell.closest("table").dataset.feed), Number(cell.dataset.at)];
    };
    grids.addEventListener("click", (event) => {
      const place = placeIn(event.target);
      if (place) choose(...place);
    });
    grids.addEventListener("keydown", (event) => {
      const place = placeIn(event.target);
      if (!place || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Enter" || event.key === " ") choose(...place);
      else if (moves[event.key]) goTo(place[0], moves[event.key](place[1]));
      else return;
      event.preventDefault();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !part("receipt").hidden) close();
    });
    for (let year = firstYear; year <= lastYear; year += 1) {
      part("year").append(make("option", String(year), {value: year}));
    }
    part("year").addEventListener("change", () => drawYear(Number(part("year").value)));
    part("earlier").addEventListener("click", () => drawYear(shownYear - 1));
    part("later").addEventListener("click", () => drawYear(shownYear + 1));
    part("before").addEventListener("click", () => choose(chosen.feed, chosen.at - 1, true));
    part("after").addEventListener("click", () => choose(chosen.feed, chosen.at + 1, true));
    part("close").addEventListener("click", close);
    window.addEventListener("hashchange", () => follow(true));
    document.addEventListener("click", (event) => {
      // A link to where the address already leads changes nothing, so nothing else would hear of it.
      const link = event.target.closest("a");
      if (link && link.hash === location.hash) follow(true);
    });
    part("controls").hidden = false;
    drawYear(lastYear);
    follow(true);
    document.documentElement.dataset.drawn = String(Math.round(performance.now()));
  }

  unpack().then(start).catch((error) => {
    part("trouble").textContent = "The days cannot be drawn in this browser; it must be of 2023 or newer. "
      + `The tables below tell what is there all the same. (${error.name})`;
    part("trouble").hidden = false;
  });
})();
