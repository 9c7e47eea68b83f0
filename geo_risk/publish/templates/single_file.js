// Layers of the one-file map. Text from the data enters the page as text nodes only, never as HTML.

function geoRiskColor(properties, look) {
  return look.grades ? (look.grades[properties.grade] || { color: "#b8bec6" }).color : look.color;
}

function geoRiskStyle(feature, look) {
  const color = geoRiskColor(feature.properties, look);
  if (look.zone) return { color: color, weight: 2, dashArray: look.dash || null, fillColor: color, fillOpacity: look.dash ? 0.02 : 0.1 };
  if (look.geometry === "line") return { dashArray: look.dash || null, color: color, weight: look.weight || 3, opacity: 0.9, fill: false };
  if (look.base) return { stroke: false, fillColor: color, fillOpacity: 0.75 };
  return { color: "#222222", weight: 1, fillColor: color, fillOpacity: look.geometry === "fill" ? 0.75 : 0.95 };
}

// The same table and the same order as geo_risk/publish/words.py.
function geoRiskPhrase(text) {
  const exact = geoRiskPhrases.find(([en]) => en === text);
  if (exact) return exact[1];
  if (!text.includes("; ")) {
    for (const [en, zh] of geoRiskPhrases) {
      if (!en.includes("{}")) continue;
      const plain = en.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\}/g, "([^]+?)");
      const found = text.match(new RegExp("^" + plain + "$"));
      let k = 1;
      if (found) return zh.replace(/\{(\d*)\}/g, (_, n) => geoRiskPhrase(found[n === "" ? k++ : Number(n) + 1]));
    }
  }
  for (const [joint, chinese] of [["; ", "；"], ["|", "、"], [", ", "、"], ["/", "："]]) {
    const parts = text.split(joint);
    const told = parts.length > 1 ? parts.map((part) => geoRiskPhrase(part)) : [];
    if (told.length && (joint === "; " || told.some((part, i) => part !== parts[i]))) return told.join(chinese);
  }
  return text;
}

function geoRiskNumber(value) {
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  if (Math.abs(value) >= 1e-3) return String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 6 : 4)));
  const [digits, power] = value.toExponential(1).split("e");
  return digits + "×10" + power.replace("+", "").replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(c)]));
}

function geoRiskText(column, value, look) {
  if (column.name === "grade") return (look.words[value] || look.ungraded);
  if (column.domain[value]) return column.domain[value];
  if (column.unit === "deg") return value.toFixed(5) + "°";
  const told = typeof value === "string" && look.phrases ? geoRiskPhrase(value) : geoRiskNumber(value);
  return column.unit ? told + " " + column.unit : told;
}

function geoRiskPopup(properties, look) {
  const box = document.createElement("div");
  const head = document.createElement("strong");
  const title = look.columns.find((column) => column.name === look.title);
  const value = properties[look.title];
  head.textContent = look.zone || !title || value === undefined || value === null || value === "" ? look.name : geoRiskText(title, value, look);
  const table = document.createElement("table");
  for (const column of look.columns) {
    const value = properties[column.name];
    if (value === null || value === undefined || value === "" || column.name === look.title) continue;
    if (typeof value === "string" && value.startsWith("{")) continue; // for machines
    const row = table.insertRow();
    const name = document.createElement("th");
    name.textContent = column.label;
    row.append(name);
    row.insertCell().textContent = geoRiskText(column, value, look);
  }
  box.append(head, table);
  return box;
}

function geoRiskLayer(features, look) {
  return L.geoJSON(features, {
    smoothFactor: look.zone ? 0.2 : 1,
    pane: look.base && look.geometry === "fill" ? "base" : "overlayPane", // never over the risk surface
    interactive: look.columns.length > 0,
    style: (feature) => geoRiskStyle(feature, look),
    pointToLayer: (feature, at) => L.circleMarker(at, { radius: 6 }),
    onEachFeature: (feature, layer) => {
      if (look.columns.length) layer.bindPopup(() => geoRiskPopup(feature.properties, look));
      if (look.zone) layer.bindTooltip(look.name, { sticky: true });
      if (look.labels) {
        const text = document.createElement("span");
        const letter = look.letters[feature.properties.grade];
        text.textContent = feature.properties[look.title] + (letter ? " " + letter : "");
        layer.bindTooltip(text, { permanent: true, direction: "center", className: "geo-risk-label" });
      }
    },
  });
}
