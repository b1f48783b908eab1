"""The languages that Azure translates speech to, with their common names. Data only."""

from __future__ import annotations

TARGETS = """
af: Afrikaans
am: Amharic, አማርኛ
ar: Arabic, العربية
as: Assamese, অসমীয়া
az: Azerbaijani, azərbaycan dili, azərbaycanca
ba: Bashkir, башҡорт теле
bg: Bulgarian, български
bho: Bhojpuri, भोजपुरी
bn: Bangla, Bengali, বাংলা
bo: Tibetan, བོད་སྐད་
brx: Bodo, बड़ो
bs: Bosnian, bosanski
ca: Catalan, Valencian, català, valencià
cs: Czech, čeština, česky
cy: Welsh, Cymraeg
da: Danish, dansk
de: German, Deutsch
doi: Dogri, डोगरी
dsb: Lower Sorbian, dolnoserbšćina
dv: Divehi, Dhivehi, Maldivian, ދިވެހި
el: Greek, ελληνικά
en: English
es: Spanish, Castilian, español, castellano
et: Estonian, eesti, eesti keel
eu: Basque, euskara
fa: Persian, Farsi, فارسی
fi: Finnish, suomi
fil: Filipino, Tagalog, Pilipino
fj: Fijian, na vosa Vakaviti
fo: Faroese, føroyskt
fr: French, français
fr-CA: Canadian French, French (Canada), français canadien, français (Canada)
ga: Irish, Gaeilge
gl: Galician, galego
gom: Konkani, कोंकणी
gu: Gujarati, ગુજરાતી
ha: Hausa
he: Hebrew, עברית
hi: Hindi, हिन्दी, हिंदी
hne: Chhattisgarhi, छत्तीसगढ़ी
hr: Croatian, hrvatski
hsb: Upper Sorbian, hornjoserbšćina
ht: Haitian Creole, Haitian, kreyòl ayisyen
hu: Hungarian, magyar
hy: Armenian, հայերեն
id: Indonesian, bahasa Indonesia
ig: Igbo
ikt: Inuinnaqtun
is: Icelandic, íslenska
it: Italian, italiano
iu: Inuktitut, ᐃᓄᒃᑎᑐᑦ
iu-Latn: Inuktitut (Latin)
ja: Japanese, 日本語
ka: Georgian, ქართული
kk: Kazakh, қазақ тілі, қазақша
km: Khmer, Cambodian, ខ្មែរ
kmr: Northern Kurdish, Kurmanji, Kurdish (Northern), kurmancî
kn: Kannada, ಕನ್ನಡ
ko: Korean, 한국어
ks: Kashmiri, کٲشُر
ku: Kurdish, Central Kurdish, Sorani, Kurdish (Central), کوردی
ky: Kyrgyz, кыргызча
ln: Lingala, lingála
lo: Lao, ລາວ
lt: Lithuanian, lietuvių, lietuvių kalba
lug: Luganda, Ganda
lv: Latvian, latviešu, latviešu valoda
lzh: Literary Chinese, Chinese (Literary), 文言
mai: Maithili, मैथिली
mg: Malagasy
mi: Maori, te reo Māori
mk: Macedonian, македонски
ml: Malayalam, മലയാളം
mn-Cyrl: Mongolian, Mongolian (Cyrillic), монгол
mn-Mong: Traditional Mongolian, Mongolian (Traditional), ᠮᠣᠩᠭᠣᠯ
mni: Manipuri, Meitei, মৈতৈলোন্
mr: Marathi, मराठी
ms: Malay, bahasa Melayu
mt: Maltese, Malti
mww: Hmong, Hmong Daw, Hmoob
my: Burmese, Myanmar, မြန်မာ
nb: Norwegian, Norwegian Bokmål, Bokmål, norsk, norsk bokmål
ne: Nepali, नेपाली
nl: Dutch, Flemish, Nederlands, Vlaams
nso: Northern Sotho, Sesotho sa Leboa, Sepedi
nya: Nyanja, Chichewa, Chewa
or: Odia, Oriya, ଓଡ଼ିଆ
otq: Queretaro Otomi, Otomi, hñähñu
pa: Punjabi, ਪੰਜਾਬੀ
pl: Polish, polski
prs: Dari, دری
ps: Pashto, پښتو
pt: Portuguese, Brazilian Portuguese, Portuguese (Brazil), português, português (Brasil)
pt-PT: European Portuguese, Portuguese (Portugal), português (Portugal), português europeu
ro: Romanian, Moldovan, română
ru: Russian, русский
run: Rundi, Kirundi, Ikirundi
rw: Kinyarwanda, Ikinyarwanda
sd: Sindhi, سنڌي
si: Sinhala, Sinhalese, සිංහල
sk: Slovak, slovenčina, slovensky
sl: Slovenian, Slovene, slovenščina
sm: Samoan, gagana Samoa
sn: Shona, chiShona
so: Somali, Soomaali
sq: Albanian, shqip
sr-Cyrl: Serbian (Cyrillic), српски
sr-Latn: Serbian, Serbian (Latin), srpski
st: Sesotho, Southern Sotho
sv: Swedish, svenska
sw: Swahili, Kiswahili
ta: Tamil, தமிழ்
te: Telugu, తెలుగు
th: Thai, ไทย, ภาษาไทย
ti: Tigrinya, ትግርኛ
tk: Turkmen, türkmençe, türkmen dili
tlh-Latn: Klingon, tlhIngan Hol
tlh-Piqd: Klingon (plqaD)
tn: Setswana, Tswana
to: Tongan, lea faka-Tonga
tr: Turkish, Türkçe
tt: Tatar, татар, татарча
ty: Tahitian, reo Tahiti
ug: Uyghur, ئۇيغۇرچە
uk: Ukrainian, українська
ur: Urdu, اردو
uz: Uzbek, oʻzbek, o'zbekcha
vi: Vietnamese, tiếng Việt
xh: Xhosa, isiXhosa
yo: Yoruba, Yorùbá
yua: Yucatec Maya, Màaya T'àan
yue: Cantonese, 粵語, 粤语, 廣東話, 广东话
zh-Hans: Chinese, Simplified Chinese, Chinese (Simplified), Mandarin, 中文, 汉语, 普通话, 简体中文
zh-Hant: Traditional Chinese, Chinese (Traditional), Taiwanese Mandarin, 繁體中文, 漢語, 國語
zu: Zulu, isiZulu
"""
"""A line is the code of a target, and its names: English ones first, then its own.

The codes are those of Azure's documentation: the targets of speech translation, and the languages of
Translator, which does the translating and lists more ("fr-ca" and "pt-pt" in lower case there).
"""

TARGET_OF = {
    # Other codes of the same language.
    "ckb": "ku",
    "fa-AF": "prs",
    "hmn": "mww",
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "kok": "gom",
    "ku-Latn": "kmr",
    "lg": "lug",
    "mo": "ro",
    "ny": "nya",
    "rn": "run",
    "tl": "fil",
    # Norwegian has one translation.
    "nn": "nb",
    "nno": "nb",
    "nob": "nb",
    "no": "nb",
    # Languages that are written in two scripts. Azure itself takes "sr" for the Latin one.
    "khk": "mn-Cyrl",
    "mn": "mn-Cyrl",
    "mn-CN": "mn-Mong",
    "sh": "sr-Latn",
    "sr": "sr-Latn",
    "tlh": "tlh-Latn",
    # Chinese. In Hong Kong and Macau people speak Cantonese, which Azure's "zh-HK" is, too.
    "cmn": "zh-Hans",
    "cmn-Hant": "zh-Hant",
    "cmn-TW": "zh-Hant",
    "zh": "zh-Hans",
    "zh-HK": "yue",
    "zh-MO": "yue",
    "zh-TW": "zh-Hant",
    "zh-YUE": "yue",
}
"""Codes that people and LiveKit's `LanguageCode` use, and the target that is meant."""

SPEECH_OF = {
    # One spoken language, in any script.
    "iu-Latn": "iu",
    "mn-Cyrl": "mn",
    "mn-Mong": "mn",
    "sr-Cyrl": "sr",
    "sr-Latn": "sr",
    "tlh-Latn": "tlh",
    "tlh-Piqd": "tlh",
    "zh-Hans": "zh",
    "zh-Hant": "zh",
    # Regions understand one another.
    "fr-CA": "fr",
    "pt-PT": "pt",
}
"""The targets whose speech is that of another code."""

RELATIVES = {
    "an": "es",
    "ast": "es",
    "ay": "es",
    "bar": "de",
    "be": "ru",
    "br": "fr",
    "ceb": "fil",
    "co": "fr",
    "fur": "it",
    "fy": "nl",
    "gn": "es",
    "gsw": "de",
    "jv": "id",
    "lb": "de",
    "li": "nl",
    "lmo": "it",
    "nan": "zh-Hant",
    "nap": "it",
    "nds": "de",
    "oc": "fr",
    "qu": "es",
    "rm": "de",
    "sc": "it",
    "scn": "it",
    "sco": "en",
    "su": "id",
    "tg": "fa",
    "vec": "it",
    "wa": "fr",
    "wuu": "zh-Hans",
    "yi": "he",
}
"""Languages that Azure does not translate to, and one that their speakers are likely to understand."""
