// Layers of the one-file map. Text from the data enters the page as text nodes only, never as HTML.

function geoRiskColor(properties, look) {
  return look.grades ? (look.grades[properties.grade] || { color: "#b8bec6" }).color : look.color;
}

function geoRiskStyle(feature, look) {
  const color = geoRiskColor(feature.properties, look);
  if (look.zone) return { color: color, weight: 2, dashArray: look.dash || null, fillColor: color, fillOpacity: look.dash ? 0.02 : 0.1 };
  if (look.geometry === "line") return { dashArray: look.dash || null, color: color, weight: look.weight || 3, opacity: 0.9, fill: false };
  if (look.base) return { stroke: false, fillColor: color, fillOpacity: 0.75 };
  if (look.faint) return { color: color, weight: 0.5, opacity: 0.6, fillColor: color, fillOpacity: 0.22 };
  if (look.geometry === "fill" && !look.graded) return { color: color, weight: 2, dashArray: look.dash || null, fillColor: color, fillOpacity: 0.25 };
  return { color: "#222222", weight: 1, fillColor: color, fillOpacity: look.geometry === "fill" ? 0.75 : 0.95 };
}

// A character in a circle of the layer's colour, or in the circle's place; {column} stands for the value of one.
function geoRiskMark(feature, at, look) {
  const sign = document.createElement("span");
  sign.className = look.glyph ? "geo-risk-mark glyph" : "geo-risk-mark";
  sign.style.setProperty("--color", look.color);
  sign.textContent = look.mark.replace(/\{(\w+)\}/, (_, column) => feature.properties[column] ?? "");
  const name = feature.properties[look.title];
  return L.marker(at, { icon: L.divIcon({ className: "", html: sign, iconSize: [22, 22] }), alt: name ? look.name + " " + name : look.name });
}

const geoRiskArrow = { space: 110, near: 15 }; // px between arrows; the zoom from which streets show their one way

// Arrows along the lines of a layer, the way they are driven: as many as there is room for in sight.
function geoRiskArrows(lines, look) {
  const arrows = L.layerGroup();
  let map;
  const along = (points, sight) => {
    let left = geoRiskArrow.space / 2;
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1], points[i]];
      const step = a.distanceTo(b);
      for (; left <= step; left += geoRiskArrow.space) {
        const at = a.add(b.subtract(a).multiplyBy(left / step));
        if (!sight.contains(at)) continue;
        const sign = document.createElement("span");
        sign.className = "geo-risk-arrow";
        sign.style.cssText = `color:${look.base ? "#6b6455" : look.color};transform:rotate(${Math.atan2(b.y - a.y, b.x - a.x)}rad)`;
        sign.textContent = look.base ? "→" : "➤";
        arrows.addLayer(L.marker(map.layerPointToLatLng(at), { interactive: false, keyboard: false, icon: L.divIcon({ className: "", html: sign, iconSize: [16, 16] }) }));
      }
      left -= step;
    }
  };
  const draw = () => {
    arrows.clearLayers();
    if (look.arrows === "oneway" && map.getZoom() < geoRiskArrow.near) return;
    const [box, sight] = [map.getBounds(), L.bounds(map.containerPointToLayerPoint([0, 0]), map.containerPointToLayerPoint(map.getSize()))];
    lines.eachLayer((line) => {
      if (look.arrows === "oneway" && Number(line.feature.properties.oneway) !== 1) return;
      if (!line.getBounds || !line.getBounds().intersects(box)) return;
      const parts = line.getLatLngs();
      for (const part of Array.isArray(parts[0]) ? parts : [parts]) along(part.map((p) => map.latLngToLayerPoint(p)), sight);
    });
  };
  lines.on("add", () => {
    map = lines._map;
    arrows.addTo(map);
    map.on("moveend", draw);
    draw();
  });
  lines.on("remove", () => {
    map.off("moveend", draw);
    arrows.remove();
  });
}

// The same table and the same order as geo_risk/publish/words.py.
function geoRiskPhrase(text) {
  const exact = geoRiskPhrases.find(([en]) => en === text);
  if (exact) return exact[1];
  const pieces = text.split(/; (?![^[]*\])/); // what stands in brackets is of one piece
  if (pieces.length > 1) return pieces.map((piece) => geoRiskPhrase(piece)).join("；");
  for (const [en, zh] of geoRiskPhrases) {
    if (!en.includes("{}")) continue;
    const plain = en.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\}/g, "([^]+?)");
    const found = text.match(new RegExp("^" + plain + "$"));
    let k = 1;
    if (found) return zh.replace(/\{(\d*)\}/g, (_, n) => geoRiskPhrase(found[n === "" ? k++ : Number(n) + 1]));
  }
  for (const [joint, chinese] of [["|", "、"], [", ", "、"], ["/", "："]]) {
    const parts = text.split(joint);
    const told = parts.length > 1 ? parts.map((part) => geoRiskPhrase(part)) : [];
    if (told.some((part, i) => part !== parts[i])) return told.join(chinese);
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
  const made = L.geoJSON(features, {
    smoothFactor: look.zone ? 0.2 : 1,
    pane: look.base && look.geometry === "fill" ? "base" : "overlayPane", // never over the risk surface
    interactive: look.columns.length > 0,
    style: (feature) => geoRiskStyle(feature, look),
    pointToLayer: (feature, at) => (look.mark ? geoRiskMark(feature, at, look) : L.circleMarker(at, { radius: 6 })),
    onEachFeature: (feature, layer) => {
      if (look.columns.length) layer.bindPopup(() => geoRiskPopup(feature.properties, look));
      if (look.zone) layer.bindTooltip(look.name, { sticky: true });
      if (look.label && feature.properties[look.label]) {
        const text = document.createElement("span");
        text.textContent = feature.properties[look.label];
        layer.bindTooltip(text, { permanent: true, direction: "right", offset: [8, 0], className: "geo-risk-label small" });
      }
      if (look.labels) {
        const text = document.createElement("span");
        const letter = look.letters[feature.properties.grade];
        text.textContent = feature.properties[look.title] + (letter ? " " + letter : "");
        layer.bindTooltip(text, { permanent: true, direction: "center", className: "geo-risk-label" });
      }
    },
  });
  if (look.arrows) geoRiskArrows(made, look);
  return made;
}

// Shows the bounds where no card lies: beside the card of a wide page, below that of a narrow one.
function geoRiskFit(map, bounds) {
  const [card, facts] = ["geo-risk-title", "geo-risk-facts"].map((id) => document.getElementById(id));
  const wide = innerWidth > 720;
  if (facts) facts.open = wide;
  const beside = wide && facts;
  const corner = beside ? [card.offsetLeft + card.offsetWidth + 10, 20] : [20, card.offsetTop + card.offsetHeight + 10];
  map.fitBounds(bounds, { paddingTopLeft: corner, paddingBottomRight: wide ? [20, 20] : [20, 0.32 * innerHeight] });
}
