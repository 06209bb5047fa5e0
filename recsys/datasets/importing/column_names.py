"""The meaning of a column's name: the words that files in many languages use for users, items, times and everything else."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from recsys.core.translation import _

Form = Literal["id", "entity", "name"]

# The likeliest names first. A word with "=" counts only as the whole name, because it ends or begins many names of another meaning.
_WORDS: dict[str, tuple[str, ...]] = {
    "user": (
        "customeruniqueid user customer client member visitor person people account buyer consumer shopper subscriber reviewer rater listener viewer "
        "player reader patient student rider cookie household =profile =who usersha1 =uid =uuid userpseudo =anonymous =distinct respondent "
        "participant panelist patron borrower learner attendee donor passenger contact guest email emailaddress =mail =login =handle",
        "benutzer nutzer kunde kunden mitglied besucher käufer hörer leser teilnehmer entleiher ausleiher utilisateur utilisatrice membre visiteur personne acheteur abonné "
        "emprunteur lecteur participante lector prestatario lettore lezer lener deelnemer",
        "usuario usuaria cliente miembro visitante persona cuenta comprador utente membro visitatore acquirente usuário utilizador pessoa",
        "gebruiker klant bezoeker użytkownik użytkownika klient klienta użytkownicy användare kund bruger bruker kullanıcı müşteri",
        "uživatel zákazník пользователь пользователя покупатель клиент клиента 用户 用戶 使用者 客户 客戶 会员 會員 顾客 買家 买家",
        "ユーザー ユーザ 利用者 顧客 会員 お客様 사용자 고객 회원 이용자 유저",
    ),
    "item": (
        "item parentasin asin product sku stockcode article =content movie film track song venue poi book anime manga show "
        "series video game app podcast episode recipe news story business restaurant hotel listing job posting course beer wine drink "
        "dish meal joke photo picture paper document offer coupon destination landmark isbn isbn13 ean gtin =place =location =what =iid =mid "
        "=artwork =piece traid page",
        "artikel produkt ware buch lied spiel rezept artículo producto película libro canción juego receta articolo prodotto libro canzone "
        "brano gioco ricetta artigo produto filme livro música jogo receita articulo produit livre chanson morceau jeu recette boek recept",
        "produktu towar towaru filmu książka utwór gra przepis vara produkten ürün товар товара продукт фильм книга песня трек игра рецепт",
        "商品 物品 产品 產品 电影 電影 影片 视频 图书 歌曲 音乐 文章 新闻 アイテム 製品 映画 書籍 楽曲 動画 記事 曲 상품 아이템 제품 영화 노래 동영상 기사",
    ),
    "artist": (
        "artist band musician singer composer performer interpreter interpret künstler artiste artista artiest wykonawca исполнитель 歌手",
        "アーティスト 가수 아티스트 artid",
    ),
    "author": ("author writer autor autorin auteur autore автор 作者 著者 저자",),
    "album": ("album альбом 专辑 アルバム 앨범",),
    "timestamp": (
        "unixreviewtime timestamp timestampms unixtimestamp unixtime epoch uts =ts eventtime eventtimestamp utctime datetime datetimeutc "
        "playedat watchedat listenedat viewedat ratedat visitedat clickedat purchasedat orderedat dateread datewatched purchasedate "
        "orderdate invoicedate transactiondate eventdate reviewtime reviewdate checkintime starttime startdate startedat time =when date localtime endtime at",
        "zeitstempel zeitpunkt datum zeit uhrzeit horodatage date heure fechahora fecha hora dataora data ora tijdstip tijd czas "
        "tidpunkt tid tarih zaman дата время 时间戳 时间 時間 日期 日時 日付 時刻 タイムスタンプ 시간 일시 날짜 타임스탬프",
    ),
    "created": (
        "created createdat createdate creationdate dateadded addedat addeddate inserted insertedat registered signup joined joindate "
        "firstseen lastseen updated updatedat modified modifiedat ingested exported delivery deliverydate shipdate shippedat loadedat",
        "erstellt erstelltam geändert créé creado criado utworzono создано 创建时间 创建 更新时间 作成日時 更新日時 작성일",
    ),
    "other date": (
        "birth birthday birthdate dob born release released releasedate publication published publicationdate publicationyear yearpublished "
        "expiry expires due validuntil geburtsdatum geburtstag naissance nacimiento nascita nascimento 生日 出生 誕生日 생일",
    ),
    "calendar": ("hour weekday dayofweek dayweek dow hourday month quarter week =year =day =dayname monat jahr wochentag",),
    "behaviour": (
        "behaviour behavior behaviourtype behaviortype eventtype eventname event action actiontype interaction interactiontype activity "
        "verb =type",
        "verhalten aktion ereignis comportement événement acción evento comportamiento azione ação zdarzenie событие действие 行为 行为类型 "
        "行為 行動 행동",
    ),
    "rating": (
        "rating ratings stars star overall userrating reviewscore bewertung wertung sterne",
        "évaluation étoiles calificación valoración estrellas valutazione stelle avaliação classificação beoordeling waardering sterren ocena betyg рейтинг оценка 评分 評分 打分 星级 評価 評点 평점 별점 평가",
    ),
    "score": ("score =rate grade preference punktzahl note puntuación voto punteggio pontuação nota 分数 スコア 점수",),
    "weight": (
        "plays playcount listens listencount quantity qty hoursplayed timesplayed =hours =count =counts =weight =times menge stückzahl "
        "anzahl quantité cantidad quantità quantidade aantal hoeveelheid ilość antal количество 数量 數量 播放次数 次数 個数 再生回数",
        "수량 횟수",
    ),
    "position": (
        "=position addtocartorder ordernumber =step =sequence =seq sequencenumber chronpos eventindex =rank =pos =reihenfolge =顺序 =順番",
    ),
    "latitude": ("latitude lat =ycoord geolat venuelat placelat breitengrad latitud latitudine szerokość широта 纬度 緯度 위도",),
    "longitude": (
        "longitude lon lng =long =xcoord geolon geolng venuelon venuelng placelon längengrad longitud longitudine dolgota "
        "długość долгота 经度 經度 経度 경도",
    ),
    "title": (
        "title name titel titre título titolo tytuł название наименование 名称 名稱 标题 標題 タイトル 제목 bezeichnung =名 =nom "
        "=nome =nombre =naam =namn =nazwa =이름",
    ),
    "category": (
        "category categories genre genres cat =kind section topic department =class kategorie warengruppe catégorie categoría categoria "
        "categorie kategoria категория жанр 类别 類別 分类 分類 类目 カテゴリ カテゴリー ジャンル 카테고리 장르",
    ),
    "text": (
        "reviewtext review text description comment body abstract summary plot query search searched searchquery searchterm searchtext "
        "contenttext tags tag beschreibung kommentar rezension commentaire descripción comentario descrizione commento descrição omschrijving "
        "opis описание отзыв комментарий 描述 评论 評論 说明 レビュー コメント 説明 설명 리뷰 댓글",
    ),
    "session": ("session visit sitzung sesión sessione sessão sesja сессия 会话 セッション 세션",),
    "transaction": (
        "invoice order transaction receipt basket cart ticket purchase eventid reviewid rowid =row =index =id =key unnamed rechnung "
        "bestellung auftrag beleg commande facture pedido factura ordine fattura bestelling zamówienie faktura заказ чек 订单 訂單 注文 주문",
    ),
    "price": (
        "price unitprice cost amount total revenue discount sales spend preis betrag umsatz prix montant precio importe prezzo importo "
        "preço prijs cena сумма цена 价格 價格 金额 価格 金額 가격 금액",
    ),
    "duration": (
        "duration msplayed playduration videoduration length runtime dwell dwelltime watchtime timespent elapsed bookmark seconds minutes "
        "playtime ms dauer länge durée duración durata duração duur czastrwania длительность 时长 時長 再生時間 재생시간",
    ),
    "demographic": (
        "age gender sex zip zipcode postcode postal country city region state nationality occupation education income language locale "
        "alter geschlecht land stadt plz âge sexe pays ville edad país ciudad età paese città idade cidade wiek kraj miasto возраст страна "
        "город 年龄 性别 城市 国家 年齢 性別 나이 성별",
    ),
    "device": (
        "device devicetype platform browser agent useragent os channel medium version ip ipaddr ipaddress referrer campaign gerät kanal "
        "appareil dispositivo canale apparaat urządzenie устройство канал 设备 渠道 デバイス 기기",
    ),
    "seller": (
        "seller vendor merchant supplier brand manufacturer publisher shop store verkäufer händler marke vendeur marque vendedor marca",
    ),
    "image": (
        "imageurl image imagepath imagefile img imgurl posterurl poster posterpath thumbnailurl thumbnail thumb thumburl coverurl cover "
        "coverimage pictureurl picturepath photourl photopath imurl imagelink imagesrc =pic bild bildurl 图片 图片链接 海报 画像 이미지",
    ),
    "url": ("url link website webpage homepage weburl permalink href hyperlink 链接 リンク 링크",),
    "flag": ("label flag is has skipped shuffle offline incognitomode reordered verified evalset split fold",),
    "statistic": ("useful funny cool helpful votes watchratio ratio percent percentage share utcoffset offset",),
}
# Before a known word, these make the name that of a figure: "average rating", "number of pages", "days since prior order".
_FIGURES = "average avg mean median num number count max min std sum global expected prior previous prev next anzahl durchschnitt"
_IDS = (
    "identifikationsnummer identificador identifiant identifier kennung nummer number numéro número numero numer identyfikator номер номера "
    "codigo codice código code kod key hash uuid guid uri mbid token id ids no nr num 编号 編號 番号 编码 コード 번호 아이디 코드 код ид 号"
)
_NAMES = (
    "bezeichnung username title titre titel titolo título titulo tytuł name names namn nom nome nombre naam nazwa название имя 名称 名稱 "
    "名前 标题 標題 タイトル 제목 이름 名 nickname login email"
)
# Names of ids that do not say "id".
_ID_WORDS = "customeruniqueid usersha1 uid uuid parentasin asin sku stockcode isbn isbn13 ean gtin iid mid traid"
_STOPWORDS = {"of", "the", "de", "des", "du", "del", "della", "di", "do", "da", "la", "le", "el", "der", "die", "das", "l", "d", "の"}
_DATE_FIRST = {"date", "datum", "fecha", "data", "дата"}
_LOOSE = ("user", "item", "session", "transaction", "price", "duration", "calendar", "demographic", "device", "artist", "author")
_NAMED_BY_PARENT = ("user", "item", "artist", "author", "album", "category", "session", "seller", "unknown")
_NOT_COMPOUND = ("user", "item", "artist", "author", "position", "flag")


@dataclass(frozen=True)
class Meaning:
    """The meaning of a name.

    `kind` is a key of `source.KEYS` without "_id", or another kind of column, "unknown" for an id of an unknown thing. `form` tells
    user_id, user and user_name apart. `level`: 3 the whole name is known, 2 its end, 1 one of its words. `rank`: 0 is the likeliest name.
    """

    kind: str
    form: Form
    level: int
    rank: int = 0


@lru_cache(4096)
def find_meaning(column: str) -> Meaning | None:
    """Return the meaning of a column's name, None where no word of it is known."""
    # In nested data, the last part of a path names the value, as in placeVisit.location.placeId; an id or name is that of the part before.
    *outer, last = column.split(".")
    words = split_name(last) or split_name(column)
    if outer and words in (["id"], ["name"]) and (found := find_meaning(f"{outer[-1]} {last}")) and found.kind in _NAMED_BY_PARENT:
        return found
    if not words:
        return Meaning("transaction", "entity", 3) if not column.strip() else None
    if words[0] in _DATE_FIRST and len(words) > 1 and not _exact("".join(words)):
        dates = {found.kind for word in words[1:] if (found := _exact(word)) and found.kind in ("created", "other date")}
        return Meaning(min(dates, default="timestamp"), "entity", 2, 99)
    # "Watched Date" says the same as "Date Watched".
    if len(words) == 2 and not _exact("".join(words)) and (known := _known().get("".join(reversed(words)))):
        return Meaning(known[0], "entity", 3, known[1])
    for start in range(len(words)):
        found = _exact("".join(words[start:]), whole=start == 0)
        if found and not set(_FIGURES.split()).isdisjoint(words[:start]):
            return Meaning("statistic", "entity", 2)
        if found:
            return Meaning(found.kind, found.form, 3 if start == 0 else 2, found.rank)
    if found := _compound("".join(words)):
        return found
    if len(words) > 1 and words[-1] in dict(_affixes())["id"]:
        return Meaning("unknown", "id", 2)
    singles = [found for word in reversed(words) if (found := _exact(word, whole=False)) and found.kind in _LOOSE]
    return Meaning(singles[0].kind, singles[0].form, 1, singles[0].rank) if singles else None


def explain_name(column: str) -> str:
    """Return the reason for a role that the name of its column tells."""
    return _("the column is named '{column}'", column=column)


def is_meaningless(column: str) -> bool:
    """Return whether a name says nothing of its column, such as c0, col3, x or "column 2"."""
    return bool(
        re.fullmatch(r"(c|col|column|f|field|feature|var|v|x|y|z|a|b|unnamed|spalte|colonne|columna|列)?[\s_:]*\d*", column.strip().lower())
    )


def split_name(column: str) -> list[str]:
    """Return the words of a name in lower case and without accents: userID, user_id and "User Id" are user and id."""
    plain = re.sub(r":(token|float|token_seq|float_seq)$", "", unicodedata.normalize("NFKC", column))
    spaced = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\x00-\u024f])(?=[A-Za-z])", " ", plain)
    return [word for word in re.split(r"[\W_]+", _fold(spaced)) if word and word not in _STOPWORDS]


def _fold(text: str) -> str:
    bare = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return unicodedata.normalize("NFC", bare).replace("ł", "l").replace("ı", "i")


@cache
def _known() -> dict[str, tuple[str, int, bool]]:
    """Return {word: (kind, rank, whether it counts only as the whole name)}."""
    known: dict[str, tuple[str, int, bool]] = {}
    for kind, lines in _WORDS.items():
        for rank, word in enumerate(" ".join(lines).split()):
            known.setdefault(_fold(word.removeprefix("=")), (kind, rank, word.startswith("=")))
    return known


def _exact(core: str, whole: bool = True) -> Meaning | None:
    """Return the meaning of a name that is a known word, or one with "id" or "name" before or after it."""
    if core in _known() and (whole or not _known()[core][2]):
        kind, rank, _only = _known()[core]
        return Meaning(kind, "id" if kind in ("user", "item") and core in _ID_WORDS.split() else "entity", 3, rank)
    for form, affixes in _affixes():
        for affix in affixes:
            for stem in (core.removesuffix(affix), core.removeprefix(affix)):
                if stem and stem != core and stem in _known() and (whole or not _known()[stem][2]):
                    kind, rank, _only = _known()[stem]
                    return Meaning(kind, form, 3, rank)
    return None


@cache
def _affixes() -> tuple[tuple[Form, tuple[str, ...]], ...]:
    ids, names = (tuple(sorted({_fold(word) for word in words.split()}, key=len, reverse=True)) for words in (_IDS, _NAMES))
    return ("id", ids), ("name", names)


def _compound(core: str) -> Meaning | None:
    """Return the meaning of the end of a word without spaces: Bestelldatum is a date, 购买时间 a time."""
    for start in range(1, len(core) - 1):
        end = core[start:]
        found = _exact(end, whole=False) if len(end) >= (5 if end.isascii() else 2) else None
        if found and (found.kind not in _NOT_COMPOUND or not end.isascii()):
            return Meaning(found.kind, found.form, 2, found.rank)
    return None
