"""The style sheet of every page."""

from pages.look import colours

STAR = "polygon(50% 0, 61% 35%, 98% 35%, 68% 57%, 79% 91%, 50% 70%, 21% 91%, 32% 57%, 2% 35%, 39% 35%)"


def style() -> str:
    """The few rules that Streamlit's theme has no setting for."""
    look = colours()
    over = ", ".join(f".st-key-{box} > [data-testid=stElementContainer]:last-child" for box in ("strip_box", "stream_box", "map_box"))
    return f"""<style>
    .stMainBlockContainer {{ padding-left: 3rem; padding-right: 3rem; max-width: 1560px; }}
    .stMainBlockContainer h1 {{ padding-top: 0.4rem; }}
    .st-key-step {{ display: none; }}
    [class*="st-key-data_"] {{ flex-wrap: nowrap !important; }}
    .rs-lead {{ font-size: 1.05rem; color: {look.quiet}; margin: -0.6rem 0 0; line-height: 1.45; }}
    .rs-lead b {{ color: {look.text}; font-weight: 600; }}
    .rs-label {{ color: {look.miss}; background: {look.miss_surface}; border-radius: 6px; padding: 0.1rem 0.5rem; font-size: 0.9rem; }}
    .rs-list {{ display: flex; flex-direction: column; gap: 2px; margin: 0 !important; padding: 0 !important; list-style: none; }}
    .rs-row {{ display: grid; grid-template-columns: 2.6rem 1fr clamp(2.2rem, 20%, 5rem); align-items: center; column-gap: 0.5rem; height: 41px;
               padding: 0 0.7rem !important; margin: 0 !important; border-radius: 9px; border-left: 3px solid transparent; }}
    .rs-row.hit {{ background: {look.hit_surface}; border-left-color: {look.hit}; }}
    .rs-row.missed {{ background: {look.miss_surface}; border-left-color: {look.miss}; }}
    .rs-rank {{ color: {look.quiet}; font-variant-numeric: tabular-nums; }}
    .rs-title {{ font-weight: 600; line-height: 1.2; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
    .rs-row .rs-title {{ display: flex; column-gap: 0.35rem; align-items: baseline; }}
    .rs-name {{ min-width: 0; overflow: hidden; text-overflow: ellipsis; }}
    .rs-sub {{ color: {look.quiet}; font-size: 0.82rem; line-height: 1.2; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
    .rs-head {{ display: flex; justify-content: space-between; align-items: baseline; font-size: 17px; font-weight: 600; margin-bottom: 0.35rem; }}
    .rs-note {{ color: {look.quiet}; font-size: 0.8rem; font-weight: 400; text-align: right; }}
    @media (max-width: 1250px) {{ .rs-head .rs-note {{ display: none; }} }}
    @media (max-width: 1250px) {{ .rs-card {{ grid-template-columns: 1.6rem 1fr !important; }} .rs-card .rs-bar {{ grid-column: 2; }} }}
    .rs-body {{ min-width: 0; display: flex; flex-direction: column; }}
    .rs-quiet {{ color: {look.quiet}; margin: 0.4rem 0 0; }}
    .rs-quiet b, .rs-data b {{ color: {look.text}; font-weight: 600; }}
    .rs-data {{ margin: 0; color: {look.quiet}; line-height: 1.35; }}
    .rs-data b {{ font-size: 1.08rem; display: block; }}
    .rs-story b {{ display: block; font-size: 1.14rem; font-weight: 650; line-height: 1.25; margin: 0.55rem 0 0.35rem; }}
    .rs-story p {{ color: {look.quiet}; margin: 0; line-height: 1.45; }}
    .rs-pair {{ display: grid; grid-template-columns: 38% 1fr 3rem; align-items: center; height: 30px; column-gap: 0.6rem; font-size: 0.92rem; }}
    .rs-pair > span:first-child {{ overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
    .rs-pair > span:last-child {{ color: {look.quiet}; text-align: right; font-variant-numeric: tabular-nums; }}
    .rs-track {{ position: relative; height: 14px; margin: 0 8px; }}
    .rs-track::before {{ content: ""; position: absolute; left: -8px; right: -8px; top: 6px; height: 2px; background: {look.surface}; }}
    .rs-track i {{ position: absolute; top: 50%; transform: translate(-50%, -50%); border-radius: 50%; }}
    .rs-track .rs-line {{ height: 3px; border-radius: 2px; transform: translate(0, -50%); opacity: 0.5; }}
    .rs-ring {{ width: 12px; height: 12px; border: 2.5px solid; background: {look.background}; box-sizing: border-box; }}
    .rs-spot {{ width: 12px; height: 12px; }}
    .st-key-strip_box, .st-key-stream_box, .st-key-map_box {{ position: relative; gap: 0; }}
    {over} {{ position: absolute; inset: 0; pointer-events: none; z-index: 2; }}
    {over} > div {{ position: absolute; inset: 0; }}
    .rs-over i {{ position: absolute; box-sizing: border-box; transform: translate(-50%, 0); }}
    .rs-over .rs-line-now {{ width: 2px; background: {look.accent}; }}
    .rs-over .rs-ring-now {{ width: 17px; height: 17px; border: 2.5px solid {look.accent}; border-radius: 50%; transform: translate(-50%, -50%); }}
    .rs-map {{ position: relative; width: 100%; border-radius: 9px; }}
    .rs-cut {{ overflow: hidden; }}
    .rs-stage {{ position: absolute; left: 50%; top: 50%; transform: translate(-50%, -50%); }}
    .rs-ground {{ position: absolute; left: -50%; top: -50%; width: 200% !important; height: 200% !important; max-width: none !important; }}
    .rs-way .rs-cut {{ position: absolute; left: 0; top: 0; }}
    .st-key-map_box {{ padding-bottom: 1.6rem; }}
    @media (max-width: 1250px) {{ .st-key-map_box {{ padding-bottom: 2.6rem; }} }}
    .rs-leg {{ position: absolute; height: 1.2px; transform-origin: 0 50%; }}
    .rs-mark {{ position: absolute; width: 0; height: 0; font-weight: 400; pointer-events: auto; }}
    .rs-mark i {{ position: absolute; box-sizing: border-box; transform: translate(-50%, -50%); border-radius: 50%; font-style: normal; }}
    .rs-mark .rs-was {{ width: 8px; height: 8px; border: 1px solid {look.background}; }}
    .rs-mark .rs-here {{ width: 14px; height: 14px; border: 2px solid {look.background}; }}
    .rs-mark .rs-number {{ width: 21px; height: 21px; border: 2px solid {look.miss}; background: {look.background}; color: {look.text};
                          font-size: 11px; line-height: 17px; text-align: center; }}
    .rs-mark .rs-beyond {{ width: 10px; height: 10px; border: 2px solid {look.miss}; background: {look.background}; border-radius: 0;
                          transform: translate(-50%, -50%) rotate(45deg); }}
    .rs-mark .rs-star {{ width: 25px; height: 25px; border-radius: 0; background: {look.background}; clip-path: {STAR}; }}
    .rs-mark .rs-star i {{ left: 50%; top: 50%; width: 19px; height: 19px; border-radius: 0; clip-path: {STAR}; }}
    .rs-mark:hover {{ z-index: 3; }}
    .rs-mark:hover::after {{ content: attr(data-says); position: absolute; left: 12px; top: 10px; padding: 0.2rem 0.5rem; border-radius: 6px;
                             background: {look.surface}; border: 1px solid {look.faint}; color: {look.text}; font-size: 14px; white-space: nowrap; }}
    .rs-mark.rs-west:hover::after {{ left: auto; right: 12px; }}
    .rs-legend {{ color: {look.quiet}; font-size: 12px; text-align: right; line-height: 1.3; padding-top: 5px; }}
    .rs-card {{ display: grid; grid-template-columns: 1.6rem 1fr 4.5rem; column-gap: 0.4rem; align-items: start; }}
    .rs-card p {{ color: {look.quiet}; font-size: 0.85rem; line-height: 1.35; margin: 0.25rem 0 0; display: -webkit-box; -webkit-line-clamp: 2;
                  -webkit-box-orient: vertical; overflow: hidden; min-height: 2.3rem; }}
    [class*="st-key-card_"] {{ padding: 0.65rem 0.85rem 0.1rem; }}
    [class*="st-key-card_"] button {{ min-height: 1.9rem; font-size: 0.9rem; padding-top: 0; padding-bottom: 0; }}
    .rs-path {{ color: {look.quiet}; font-size: 0.82rem; line-height: 1.3; margin: 0.25rem 0 0 2rem; padding-left: 0.5rem;
                border-left: 2px solid {look.faint}; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
    @media (max-width: 1250px) {{ .rs-path {{ white-space: normal; display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; height: 2.6em; }} }}
    .rs-card .rs-bar {{ margin-top: 0.55rem; }}
    .rs-tried {{ color: {look.quiet}; font-size: 0.95rem; margin: 0; }}
    .rs-tried b {{ color: {look.text}; font-weight: 600; }}
    .rs-spark {{ width: 100%; display: block; margin-top: 0.5rem; }}
    .rs-kind {{ font-size: 0.85rem; font-weight: 600; }}
    .rs-dot {{ display: inline-block; width: 0.6em; height: 0.6em; border-radius: 50%; margin-right: 0.4em; }}
    .rs-bar {{ height: 7px; border-radius: 4px; background: {look.surface}; overflow: hidden; }}
    .rs-bar > span {{ display: block; height: 100%; border-radius: 4px; background: {look.quiet}; }}
    .rs-row.hit .rs-bar {{ background: {look.background}; }}
    .rs-row.hit .rs-bar > span {{ background: {look.hit}; }}
    .rs-tag {{ color: {look.hit}; font-weight: 600; font-size: 0.82rem; }}
    .rs-row.missed .rs-tag {{ color: {look.miss}; }}
    .rs-facts {{ display: flex; flex-wrap: wrap; gap: 0.4rem 2.6rem; }}
    .rs-facts b {{ display: block; font-size: 1.45rem; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }}
    .rs-facts span {{ color: {look.quiet}; font-size: 0.88rem; }}
    .rs-next {{ display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 1.1rem; color: {look.quiet}; font-size: 0.95rem; }}
    .rs-next b {{ color: {look.text}; font-weight: 600; min-width: 6.5rem; }}
    .rs-next b > i {{ display: block; height: 6px; border-radius: 3px; background: {look.surface}; }}
    .rs-next b > i > i {{ display: block; height: 6px; border-radius: 3px; background: {look.quiet}; }}
    .rs-next b.hit > i > i {{ background: {look.hit}; }}
    .rs-keys {{ display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; color: {look.quiet}; font-size: 0.85rem; }}
    .rs-columns {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(228px, 1fr)); gap: 1.2rem 0.9rem; align-items: start; }}
    .rs-columns > div {{ min-width: 0; display: grid; grid-row: span 2; grid-template-rows: subgrid; row-gap: 0.4rem; align-items: start; }}
    .rs-columns .rs-row {{ grid-template-columns: minmax(1.6rem, auto) 1fr auto; column-gap: 0.4rem; padding: 0 0.4rem !important; }}
    .rs-column-head {{ display: flex; flex-direction: column; gap: 0.1rem; padding: 0 0.4rem; }}
    .rs-column-head > b {{ font-size: 1.05rem; font-weight: 650; line-height: 1.25; }}
    .rs-column-head > span {{ color: {look.quiet}; font-size: 0.88rem; }}
    .rs-column-head > .rs-label {{ color: {look.miss}; align-self: flex-start; }}
    .rs-table {{ width: 100%; border-collapse: collapse; font-size: 0.95rem; }}
    .rs-table th {{ text-align: left; font-weight: 500; color: {look.quiet}; font-size: 0.85rem; padding: 0.3rem 0.7rem; border: 0; white-space: nowrap; }}
    .rs-table td {{ padding: 0.45rem 0.7rem; border: 0; border-top: 1px solid {look.surface}; vertical-align: top; }}
    .rs-table .n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
    .rs-table .quiet td, .rs-table small {{ color: {look.quiet}; }}
    .rs-table small {{ display: block; font-size: 0.8rem; }}
    .rs-table .best {{ color: {look.hit}; font-weight: 650; }}
    .rs-table .best small {{ font-weight: 400; }}
    @media (max-width: 1250px) {{
        .rs-table {{ font-size: 0.86rem; }}
        .rs-table th, .rs-table td {{ padding-left: 0.3rem; padding-right: 0.3rem; }}
        .rs-table th {{ font-size: 0.76rem; white-space: normal; vertical-align: bottom; }}
        .rs-table small {{ font-size: 0.68rem; }}
    }}
    .rs-table .now td {{ background: {look.surface}; }}
    </style>"""
