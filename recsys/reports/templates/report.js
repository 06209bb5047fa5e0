// Draws each figure with Plotly when it comes near the screen. Until then, without scripts, and on paper, its static drawing stands there.
(async () => {
  const packed = document.getElementById("plotly").textContent;
  const figures = [...document.querySelectorAll("figure[data-name]")];
  for (const figure of figures.filter((each) => each.dataset.focus)) figure.scrollLeft = figure.dataset.focus * figure.scrollWidth - figure.clientWidth / 2;
  if (!figures.length || !("DecompressionStream" in window) || !("IntersectionObserver" in window)) return;
  let drawing;

  async function load() {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const script = document.createElement("script");
    script.textContent = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    document.head.append(script);
    return window.Plotly;
  }

  function button(Plotly, format, name) {
    const icon = format === "png" ? Plotly.Icons.camera : Plotly.Icons.disk;
    const click = (plot) => Plotly.downloadImage(plot, { format, filename: name, scale: format === "png" ? 2 : 1 });
    return { name: format, title: format.toUpperCase(), icon, click };
  }

  async function draw(figure) {
    const Plotly = await (drawing ??= load());
    const [still, live, source] = figure.children;
    const { data, layout } = JSON.parse(source.textContent);
    const buttons = [["svg", "png"].map((format) => button(Plotly, format, figure.dataset.name))];
    live.style.height = `${layout.height}px`;
    live.hidden = false;
    layout.paper_bgcolor = "#fff";
    await Plotly.newPlot(live, data, layout, { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtons: buttons });
    still.style.display = "none";
  }

  const near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((each) => each.isIntersecting)) {
        near.unobserve(entry.target);
        draw(entry.target).catch((error) => {
          entry.target.children[1].hidden = true;
          console.error(error);
        });
      }
    },
    { rootMargin: "400px" },
  );
  for (const figure of figures) near.observe(figure);
})();
