// Asks the server and shows its answers. Texts reach the page as text alone (textContent), never as HTML.

const $ = (id) => document.getElementById(id);
const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });
const number = new Intl.NumberFormat("en");
let about; // what /api/benchmark says
let latest = 0; // of the questions asked, the one whose answer is wanted

/** An element: properties by name, those with a dash as attributes, children in order. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function nameOf(lang) {
  try { return names.of(lang); } catch { return lang; }
}

/** Gives an element its language's colour: hues evenly apart, every other one lighter. */
function colour(element, lang) {
  const place = about.languages.findIndex((one) => one.lang === lang);
  element.style.setProperty("--hue", Math.round((360 * place) / about.languages.length + 20));
  element.style.setProperty("--light", place % 2 ? 0.87 : 0.75);
  return element;
}

/** The code of a language in its colour; a screen reader hears its name. */
function badge(lang) {
  const code = make("span", { textContent: lang, "aria-hidden": "true" });
  const name = make("span", { textContent: nameOf(lang), className: "unseen" });
  return colour(make("span", { className: "lang", title: nameOf(lang) }, code, name), lang);
}

/** A text of the collection, in its own direction and, where known, language. */
function text(tag, content, lang = "", className = "") {
  return make(tag, { textContent: content, dir: "auto", lang, className });
}

async function ask(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  let response;
  try { response = await fetch(`api/${path}?${new URLSearchParams(given)}`); }
  catch { throw new Error("The server does not answer; was it stopped?"); }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function say(sentence, wrong = false) {
  $("status").textContent = sentence;
  $("status").classList.toggle("wrong", wrong);
}

// ---- what is asked lives in the address, so that it can be kept, sent and gone back to

function state() {
  const found = new URLSearchParams(location.search);
  return { query: found.get("query"), text: found.get("text"), languages: found.get("languages"), depth: found.get("depth") ?? "10" };
}

function go(changes) {
  const next = Object.entries({ ...state(), ...changes }).filter(([name, value]) => value !== null && !(name === "depth" && value === "10"));
  history.pushState(null, "", `?${new URLSearchParams(next)}`);
  return show();
}

async function show() {
  const { query, text: typed, languages, depth } = state();
  const chosen = languages === null ? null : languages.split(",");
  for (const box of document.querySelectorAll("#languages input")) box.checked = chosen === null || chosen.includes(box.value);
  $("depth").value = depth;
  if (query === null && typed === null) return;
  const mine = ++latest;
  if (languages === "") return fail("Choose at least one language of documents.");
  $("results").setAttribute("aria-busy", "true");
  try {
    const answer = await ask("rank", { query, text: query === null ? typed : null, languages, depth });
    if (mine === latest) draw(answer);
  } catch (error) {
    if (mine === latest) fail(error.message);
  } finally {
    if (mine === latest) $("results").removeAttribute("aria-busy");
  }
}

function fail(sentence) {
  $("asked").replaceChildren();
  $("encoders").replaceChildren();
  say(sentence, true);
}

// ---- the rankings

function draw(answer) {
  const { question, encoders, pool } = answer;
  $("question").value = question.text;
  document.title = `${question.text} · ${about.benchmark}`;
  const heading = make("p", {}, question.lang ? badge(question.lang) : null, text("span", question.text, question.lang));
  $("asked").replaceChildren(heading, ...translations(question));
  const labels = encoders.map((_, place) => label(place));
  $("encoders").replaceChildren(...encoders.map((one, place) => encoder(one, place, labels, pool, question)));
  if (encoders.length > 1) {
    const links = labels.map((one, place) => make("a", { href: `#encoder-${place}`, textContent: one }));
    $("asked").append(make("nav", { className: "jump", "aria-label": "Encoders" }, "Go to", ...links));
  }
  const found = encoders.map((one) => one.ranking.filter((doc) => doc.relevant).length);
  const all = found[0] + encoders[0].below.length;
  const ranked = `${number.format(pool)} documents ranked`;
  const among = found.map((count, i) => `${count}${encoders.length > 1 ? ` by ${labels[i]}` : ""}`).join(", ");
  if (!question.id) say(`${ranked}. Which of them answer a question of your own is not known.`);
  else if (!all) say(`${ranked}, none of them known to answer the question.`);
  else say(`${ranked}, ${all} of them relevant; among the best ${encoders[0].ranking.length}: ${among}.`);
}

/** An encoder's short name: the last part of its path, with a number where two would be the same. */
function label(place) {
  const short = about.encoders.map((one) => one.name.split("/").filter(Boolean).pop() ?? one.name);
  return short.indexOf(short[place]) === short.lastIndexOf(short[place]) ? short[place] : `${short[place]} (${place + 1})`;
}

function translations(question) {
  if ((question.translations ?? []).length < 2) return [];
  const buttons = question.translations.map((one) => {
    const button = make("button", { type: "button", onclick: () => go({ query: one.id, text: null }).then(refocus) }, badge(one.lang));
    button.dataset.lang = one.lang;
    if (one.id === question.id) button.setAttribute("aria-current", "true");
    return button;
  });
  const refocus = () => document.querySelector('.translations [aria-current="true"]')?.focus();
  return [make("div", { className: "translations", role: "group", "aria-label": "The same question in" }, make("span", { className: "soft", textContent: "The same question in" }), ...buttons)];
}

function encoder(found, place, labels, pool, question) {
  const trained = about.encoders[place].trained_on;
  const heading = make("h2", { textContent: labels[place], title: about.encoders[place].name, id: `encoder-${place}` });
  const origin = trained.includes(about.benchmark) ? `trained on ${trained.join(", ")}: not zero-shot here` : trained.length ? `trained on ${trained.join(", ")}` : "";
  const answers = [...found.ranking.filter((doc) => doc.relevant), ...found.below];
  const figures = found.measures && {
    AP: found.measures.AP.toFixed(4),
    RankDistance: number.format(found.measures.RankDistance),
    "first relevant": number.format(Math.min(...answers.map((doc) => doc.position))),
  };
  const list = (docs) => make("ol", { role: "list" }, ...docs.map((doc) => result(doc, place, labels)));
  return make("section", { className: "encoder", "aria-labelledby": `encoder-${place}` },
    make("div", {},
      heading,
      origin ? make("p", { className: "soft", textContent: origin }) : null,
      figures ? make("dl", {}, ...Object.entries(figures).map(([name, value]) => make("div", {}, make("dt", { textContent: name }), make("dd", { textContent: value })))) : null,
      make("h3", { textContent: `Languages of the best ${found.ranking.length}${answers.length ? ", and where the relevant documents stand" : ""}` }),
      mix(found),
      byLanguage(found, answers, place, pool),
    ),
    make("div", {},
      make("h3", { textContent: "Ranking" }),
      list(found.ranking),
      found.below.length ? make("h3", { textContent: "Relevant, further down" }) : null,
      found.below.length ? list(found.below) : null,
    ),
  );
}

/** One bar in the colours of the languages; the table below says the same in numbers. */
function mix(found) {
  const parts = Object.entries(found.mix).sort((a, b) => b[1] - a[1]).map(([lang, count]) => {
    const part = colour(make("span", { textContent: lang, title: `${nameOf(lang)}: ${count}` }), lang);
    part.style.setProperty("--count", count);
    return part;
  });
  return make("div", { className: "mix", "aria-hidden": "true" }, ...parts);
}

function byLanguage(found, answers, place, pool) {
  const rows = about.languages.map((one) => one.lang).filter((lang) => found.mix[lang] || answers.some((doc) => doc.lang === lang));
  const head = ["Language", `In the best ${found.ranking.length}`, ...(answers.length ? ["Relevant at position"] : [])];
  return make("table", {},
    make("caption", { className: "unseen", textContent: "Languages of the best documents" }),
    make("thead", {}, make("tr", {}, ...head.map((name, i) => {
      const cell = make("th", { scope: "col", textContent: name });
      if (i === 2) cell.replaceChildren(make("div", { className: "scale" }, make("span", { textContent: name }), make("span", { textContent: `1 … ${number.format(pool)} (log)`, "aria-hidden": "true" })));
      return cell;
    }))),
    make("tbody", {}, ...rows.map((lang) => make("tr", {},
      make("th", { scope: "row" }, badge(lang), make("span", { className: "soft", textContent: ` ${nameOf(lang)}`, "aria-hidden": "true" })),
      make("td", { className: "number", textContent: found.mix[lang] ?? 0 }),
      answers.length ? make("td", { className: "places" }, ...answers.filter((doc) => doc.lang === lang).map((doc) => position(doc, place, pool))) : null,
    ))),
  );
}

/** A relevant document's position: a link to it, and a dot on a logarithmic scale from the first to the last. */
function position(doc, place, pool) {
  const dot = colour(make("i"), doc.lang);
  dot.style.setProperty("--at", pool > 1 ? Math.log(doc.position) / Math.log(pool) : 0);
  const link = make("a", { href: `#${place}-${doc.position}`, textContent: number.format(doc.position) });
  link.onclick = (event) => { event.preventDefault(); const item = $(`${place}-${doc.position}`); item.scrollIntoView({ block: "center" }); item.focus({ preventScroll: true }); };
  return make("div", {}, link, make("span", { className: "track", "aria-hidden": "true" }, dot));
}

function result(doc, place, labels) {
  const others = labels.filter((_, i) => i !== place);
  const facts = make("div", { className: "facts" },
    badge(doc.lang),
    doc.relevant ? make("span", { className: "yes", textContent: "✓ relevant" }) : null,
    make("span", { textContent: doc.score.toFixed(4), title: "score: cosine of the two vectors" }),
    ...doc.elsewhere.map((there, i) => make("span", { textContent: `${others[i]}: ${number.format(there)}`, title: `position by ${others[i]}` })),
    make("span", { textContent: doc.id }),
  );
  const item = make("li", { id: `${place}-${doc.position}`, className: doc.relevant ? "relevant" : "", tabIndex: -1 },
    make("span", { className: "position", textContent: number.format(doc.position) }),
    make("div", {}, facts, text("p", doc.text, doc.lang, "text"), context(doc)),
  );
  item.dataset.id = doc.id;
  return colour(item, doc.lang);
}

function context(doc) {
  if (!doc.context || doc.context === doc.text) return null;
  const around = text("p", doc.context, doc.lang);
  const start = doc.context.indexOf(doc.text);
  if (start >= 0) around.replaceChildren(doc.context.slice(0, start), make("mark", { textContent: doc.text }), doc.context.slice(start + doc.text.length));
  const title = doc.title ? [" of ", text("bdi", doc.title.replaceAll("_", " "), doc.lang)] : [];
  return make("details", {}, make("summary", {}, "Paragraph", ...title), around);
}

// ---- the question: a list to search, by mouse or keyboard (the combobox of the ARIA authoring practices)

let active = -1;
const options = () => [...$("suggestions").querySelectorAll('[role="option"]')];

function close() {
  $("suggestions").hidden = true;
  $("question").setAttribute("aria-expanded", "false");
  activate(-1);
}

function activate(place) {
  active = place;
  options().forEach((option, i) => option.setAttribute("aria-selected", String(i === place)));
  if (place < 0) return $("question").removeAttribute("aria-activedescendant");
  $("question").setAttribute("aria-activedescendant", options()[place].id);
  options()[place].scrollIntoView({ block: "nearest" });
}

let searches = 0;
async function suggest() {
  const mine = ++searches;
  await new Promise((resolve) => setTimeout(resolve, 100)); // until the typing pauses
  if (mine !== searches) return;
  let found;
  try { found = await ask("questions", { words: $("question").value, lang: $("lang").value || null }); }
  catch (error) { return say(error.message, true); }
  if (mine !== searches || document.activeElement !== $("question")) return;
  const items = found.questions.map((one, i) => {
    const option = make("li", { id: `option-${i}`, role: "option", "aria-selected": "false" }, badge(one.lang), text("span", one.text, one.lang));
    option.onmousedown = (event) => { event.preventDefault(); pick(one.id); };
    option.dataset.id = one.id;
    return option;
  });
  const rest = found.total - items.length;
  const note = rest > 0 ? `and ${number.format(rest)} more: type words of them` : items.length ? "" : "None of the benchmark’s questions has these words; Enter ranks documents for them.";
  if (note) items.push(make("li", { role: "presentation", textContent: note }));
  const kept = options()[active]?.dataset.id; // chosen while these were on their way
  $("suggestions").replaceChildren(...items);
  $("suggestions").hidden = false;
  $("question").setAttribute("aria-expanded", "true");
  activate(found.questions.findIndex((one) => one.id === kept));
}

function pick(id) {
  searches++; // an answer under way opens no list
  close();
  return go({ query: id, text: null });
}

function keys(event) {
  const open = !$("suggestions").hidden;
  const count = options().length;
  if (event.key === "Escape" && open) close();
  else if (event.key === "ArrowDown" && !open) suggest().then(() => options().length && activate(0));
  else if (event.key === "ArrowDown" && count) activate((active + 1) % count);
  else if (event.key === "ArrowUp" && open && count) activate((active <= 0 ? count : active) - 1);
  else return;
  event.preventDefault();
}

function submit(event) {
  event.preventDefault();
  const chosen = options()[active];
  if (!$("suggestions").hidden && chosen) return pick(chosen.dataset.id);
  searches++;
  close();
  const typed = $("question").value.trim();
  if (!typed) return say("Type a question first, or take a random one.", true);
  return go({ query: null, text: typed });
}

function filter() {
  const boxes = [...document.querySelectorAll("#languages input")];
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  return go({ languages: chosen.length === boxes.length ? null : chosen.join(",") });
}

function check(all) {
  for (const box of document.querySelectorAll("#languages input")) box.checked = all;
  return filter();
}

async function start() {
  about = await ask("benchmark");
  $("benchmark").textContent = about.benchmark;
  document.title = `${about.benchmark} · hybrid-ir explore`;
  const questions = about.languages.reduce((sum, one) => sum + one.questions, 0);
  $("about").textContent = `${number.format(questions)} questions, ${number.format(about.documents)} documents, ${about.languages.length} languages; ranked by ${about.encoders.map((_, i) => label(i)).join(" and ")}`;
  for (const one of about.languages) {
    $("lang").append(make("option", { value: one.lang, textContent: `${one.lang} · ${nameOf(one.lang)}` }));
    $("languages").append(make("label", { title: `${number.format(one.documents)} documents` }, make("input", { type: "checkbox", value: one.lang, checked: true }), badge(one.lang)));
  }
  $("question").addEventListener("input", suggest);
  $("question").addEventListener("click", suggest);
  $("question").addEventListener("blur", close);
  $("question").addEventListener("keydown", keys);
  $("ask").addEventListener("submit", submit);
  $("random").addEventListener("click", async () => {
    try { await pick((await ask("random", { lang: $("lang").value || null })).id); } catch (error) { say(error.message, true); }
  });
  $("languages").addEventListener("change", filter);
  $("all").addEventListener("click", () => check(true));
  $("none").addEventListener("click", () => check(false));
  $("depth").addEventListener("change", () => go({ depth: $("depth").value }));
  $("pool").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", show);
  await show();
}

start().catch((error) => say(error.message, true));
