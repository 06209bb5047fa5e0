"""The script that app.py runs: the sign-in, the list of pages, the cursor in the sidebar, the error boundary around the page that is open.

The titles here are those of the menu and the browser tab; a page's `page.py` writes its own heading.
"""

import streamlit as st

from pages import cache
from pages.shell import case_walk, cursor, feedback, keep_case, kept_walk, open_case, sidebar, sign_in, view_settings
from pages.shell.language import session_language
from pages.ui import downloads
from pages.ui.errors import draw_notices, error_boundary
from pages.ui.theme import style_element
from recsys.core.translation import _, follow_session
from recsys.storage.paths import ASSETS
from recsys.text import vector_cache

follow_session(session_language)
vector_cache.follow_session(cache.private_texts_folder)

entry = sign_in.check_entry()
page = st.navigation(
    {
        "": [
            st.Page("home/page.py", title=_("Home"), default=True),
        ],
        _("Explore"): [
            st.Page("explore/timeline/page.py", title=_("Timeline"), url_path="timeline"),
            st.Page("explore/dataset/page.py", title=_("Dataset"), url_path="dataset"),
            st.Page("explore/items/page.py", title=_("Items"), url_path="items"),
        ],
        _("Demo"): [
            st.Page("demo/recommend/page.py", title=_("Recommendations"), url_path="recommend"),
            st.Page("demo/compare/page.py", title=_("Compare"), url_path="compare"),
            st.Page("demo/cold_start/page.py", title=_("Cold start"), url_path="cold-start"),
            st.Page("demo/cold_start/page.py", title=_("Cold start"), url_path="persona", visibility="hidden"),  # its former address
        ],
        _("Inspect"): [
            st.Page("inspect/explain/page.py", title=_("Explain"), url_path="explain"),
            st.Page("inspect/attention/page.py", title=_("Attention"), url_path="attention"),
            st.Page("inspect/drift/page.py", title=_("Drift"), url_path="drift"),
            st.Page("inspect/cases/page.py", title=_("Cases"), url_path="cases"),
        ],
        _("Evaluate"): [
            st.Page("evaluate/leaderboard/page.py", title=_("Leaderboard"), url_path="leaderboard"),
            st.Page("evaluate/failures/page.py", title=_("Failures"), url_path="failures"),
            st.Page("evaluate/feedback/page.py", title=_("Feedback"), url_path="feedback"),
            st.Page("evaluate/checkpoints/page.py", title=_("Checkpoints"), url_path="checkpoints"),
            st.Page(
                "evaluate/accounts/page.py",
                title=_("Accounts"),
                url_path="accounts",
                visibility="visible" if entry.account is not None and entry.account.is_admin else "hidden",
            ),
        ],
    },
    position="top" if entry.is_open else "hidden",
)
st.set_page_config(
    page_title=f"{page.title if entry.is_open else _('Sign in')} – Recscope", page_icon=str(ASSETS / "icon.svg"), layout="wide"
)
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
st.html(style_element())
if not entry.is_open:
    sign_in.draw(entry)
    st.stop()
with error_boundary():
    open_case.follow_link(page.url_path)
    open_case.place_pending()
    with st.sidebar:
        sidebar.draw(page.url_path)
        keep_case.draw(page.url_path)
    kept_walk.follow()
    here = cursor.current_cursor()
    view_settings.forget_recorded()
    open_case.restore_link(page.url_path, here)
    feedback.retry_unsaved()
    draw_notices()
    case_walk.draw()
    open_case.draw(page.url_path, here)
    with error_boundary():
        page.run()
    with st.sidebar:
        sidebar.draw_device()
        downloads.offer_downloads()
        if entry.account is not None:
            sign_in.draw_account(entry.account)
