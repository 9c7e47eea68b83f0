// Layers of the one-file map. Text from the data enters the page as text nodes only, never as HTML.

function geoRiskColor(properties, look) {
  return look.grades ? (look.grades[properties.grade] || { color: "#b8bec6" }).color : look.color;
}

function geoRiskStyle(feature, look) {
  const color = geoRiskColor(feature.properties, look);
  if (look.geometry === "line") return { color: color, weight: look.weight || 3, opacity: 0.9, fill: false };
  if (look.base) return { stroke: false, fillColor: color, fillOpacity: 0.75 };
  return { color: "#222222", weight: 1, fillColor: color, fillOpacity: look.geometry === "fill" ? 0.75 : 0.95 };
}

function geoRiskText(column, value, look) {
  if (column.name === "grade") return (look.words[value] || look.ungraded);
  if (column.domain[value]) return column.domain[value];
  return column.unit ? value + " " + column.unit : String(value);
}

function geoRiskPopup(properties, look) {
  const box = document.createElement("div");
  const head = document.createElement("strong");
  head.textContent = properties[look.title] === undefined ? "" : String(properties[look.title]);
  const table = document.createElement("table");
  for (const column of look.columns) {
    const value = properties[column.name];
    if (value === null || value === undefined || column.name === look.title) continue;
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
    pane: look.base && look.geometry === "fill" ? "base" : "overlayPane", // never over the risk surface
    interactive: look.columns.length > 0,
    style: (feature) => geoRiskStyle(feature, look),
    pointToLayer: (feature, at) => L.circleMarker(at, { radius: 6 }),
    onEachFeature: (feature, layer) => {
      if (look.columns.length) layer.bindPopup(() => geoRiskPopup(feature.properties, look));
      if (look.labels) {
        const text = document.createElement("span");
        const letter = look.letters[feature.properties.grade];
        text.textContent = feature.properties[look.title] + (letter ? " " + letter : "");
        layer.bindTooltip(text, { permanent: true, direction: "center", className: "geo-risk-label" });
      }
    },
  });
}
