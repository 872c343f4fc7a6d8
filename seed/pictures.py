"""Draws the demo shop's products: a flat picture for each kind of thing in each of its colours."""

from pathlib import Path
from string import Template

from seed.shop import picture_path
from seed.shop_words import COLOURS, LEAVES

PAPER, WHITE = "#f7f2ea", "#ffffff"

FIXED = {
    "wood": "#c79e6f",
    "bark": "#8f6a4a",
    "ink": "#41464b",
    "cream": "#fbf7ef",
    "leaf": "#6f9168",
    "moss": "#4d6e50",
    "flame": "#f3b94f",
    "metal": "#bcc4c8",
    "iron": "#8b959b",
}
"""What has the same colour in every picture."""

FRAME = Template(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img">'
    "<title>$title</title>"
    '<rect width="400" height="400" fill="$back"/>'
    '<circle cx="200" cy="188" r="142" fill="$halo"/>'
    '<ellipse cx="200" cy="324" rx="$shadow" ry="11" fill="#41362a" opacity=".14"/>'
    "$shape</svg>\n"
)
"""What surrounds every shape. The floor is at 322."""

NARROW = ("bag", "bottle", "candle", "carafe", "cutlery", "flask", "floor-lamp", "glass", "parasol",
          "pump", "trowel")  # fmt: skip
HANGING = ("apron", "cap", "frame", "jacket", "knife", "mirror", "pen", "pendant", "rug", "socks")
"""Kinds that stand on little, or on nothing. The others have a wide shadow."""

SHAPES = {
    "apron": """
<path d="M160 92q40-44 80 0" fill="none" stroke="$dark" stroke-width="7"/>
<path d="M158 90h84q2 50 40 74v130q0 20-20 20H138q-20 0-20-20V164q38-24 40-74z" fill="$main"/>
<path d="M118 176q-20 10-34 26M282 176q20 10 34 26" fill="none" stroke="$dark" stroke-width="7"/>
<path d="M152 206h96v46q0 14-14 14h-68q-14 0-14-14z" fill="$dark"/>
<path d="M152 206h96v9h-96zM158 90h84l2 12h-88z" fill="$deep"/><path d="M200 215v51" stroke="$main"
 stroke-width="3"/>""",
    "armchair": """
<path d="M128 300l-8 22M272 300l8 22" stroke="$bark" stroke-width="11" stroke-linecap="round"/>
<path d="M128 152q0-44 44-44h56q44 0 44 44v100H128z" fill="$dark"/>
<path d="M146 156q0-30 30-30h48q30 0 30 30v84H146z" fill="$main"/>
<rect x="136" y="222" width="128" height="44" rx="16" fill="$light"/>
<path d="M92 212a24 24 0 0 1 48 0v50h120v-50a24 24 0 0 1 48 0v72q0 20-20 20H112q-20 0-20-20z"
 fill="$main"/><path d="M140 262h120v12H140z" fill="$deep" opacity=".5"/>""",
    "backpack": """
<path d="M176 106q0-30 24-30t24 30" fill="none" stroke="$deep" stroke-width="10"/>
<path d="M112 204q-18 6-18 32v46q0 16 20 16zM288 204q18 6 18 32v46q0 16-20 16z" fill="$deep"/>
<path d="M112 182q0-82 88-82t88 82v114q0 26-26 26H138q-26 0-26-26z" fill="$main"/>
<path d="M112 182q0-82 88-82t88 82v8H112z" fill="$light"/>
<path d="M132 224h136v64q0 16-16 16H148q-16 0-16-16z" fill="$dark"/>
<path d="M132 224h136v20H132z" fill="$deep"/>
<path d="M158 150v68M242 150v68" stroke="$bark" stroke-width="12"/>
<path d="M151 206h14v18h-14zM235 206h14v18h-14z" fill="$flame"/>""",
    "bag": """
<path d="M140 104h120l14 40v160q0 18-18 18H144q-18 0-18-18V144z" fill="$main"/>
<path d="M140 84h120v26H140z" fill="$dark"/><path d="M140 110h120l14 34H126z" fill="$light"/>
<path d="M256 144h18v160q0 18-18 18z" fill="$dark" opacity=".5"/>
<rect x="148" y="176" width="104" height="104" rx="8" fill="$cream"/>
<path d="M200 190c26 10 26 44 0 54c-26-10-26-44 0-54z" fill="$deep"/>
<path d="M200 192q-10 14 0 25t0 25" stroke="$cream" stroke-width="4" fill="none"/>
<path d="M168 258h64M180 268h40" stroke="$main" stroke-width="4"/>""",
    "basket": """
<path d="M134 176q0-62 66-62t66 62" fill="none" stroke="$deep" stroke-width="13"/>
<path d="M100 172h200l-20 136q-2 14-18 14H138q-16 0-18-14z" fill="$main"/>
<path d="M106 208h188M111 240h178M115 272h170M119 302h162" stroke="$dark" stroke-width="7"/>
<path d="M136 180l8 140M168 180l4 142M200 180v142M232 180l-4 142M264 180l-8 140" stroke="$light"
 stroke-width="7" stroke-dasharray="16 16"/>
<rect x="92" y="164" width="216" height="22" rx="11" fill="$deep"/>""",
    "bed": """
<path d="M78 150q0-30 30-30h184q30 0 30 30v130H78z" fill="$bark"/>
<path d="M94 280v42M306 280v42" stroke="$bark" stroke-width="14"/>
<rect x="106" y="164" width="86" height="56" rx="20" fill="$cream"/>
<rect x="208" y="164" width="86" height="56" rx="20" fill="$cream"/>
<path d="M72 232q0-30 30-30h196q30 0 30 30v64q0 10-10 10H82q-10 0-10-10z" fill="$main"/>
<path d="M74 222q6-20 28-20h196q22 0 28 20v16H74z" fill="$light"/>
<path d="M150 306q8-40-2-68M252 306q-8-40 2-68" stroke="$dark" stroke-width="5" fill="none"/>""",
    "bird-house": """
<path d="M200 60v40" stroke="$bark" stroke-width="7"/>
<path d="M122 176l78-74 78 74v126q0 14-14 14H136q-14 0-14-14z" fill="$main"/>
<path d="M200 102l78 74v126q0 14-14 14h-64z" fill="$dark" opacity=".35"/>
<path d="M96 186L200 88l104 98" fill="none" stroke="$deep" stroke-width="20"
 stroke-linejoin="round" stroke-linecap="round"/>
<circle cx="200" cy="214" r="27" fill="$ink"/>
<path d="M200 262v26" stroke="$bark" stroke-width="11" stroke-linecap="round"/>
<path d="M262 260q-4-24 18-28q20-2 22 18l14 4-14 6q-4 22-26 20l-34 12q10-22 20-32z" fill="$flame"/>
<circle cx="290" cy="246" r="3.500" fill="$ink"/>""",
    "board": """
<path d="M186 78q14-16 28 0l6 34q70 2 74 44v130q0 30-30 30H136q-30 0-30-30V156q4-42 74-44z"
 fill="$main"/>
<circle cx="200" cy="98" r="8" fill="$halo"/>
<path d="M132 170v110M160 150v60M160 236v60M228 148v84M254 190v100M200 140v34M200 250v40"
 stroke="$dark" stroke-width="4" stroke-linecap="round" opacity=".55"/>
<path d="M106 280q0 30 30 30h128q30 0 30-30v8q0 30-30 30H136q-30 0-30-30z" fill="$deep"/>
<ellipse cx="226" cy="252" rx="34" ry="27" fill="#f0d48a"/><path d="M226 225a34 27 0 0 1 34 27h-34z"
 fill="#e3bd62"/><circle cx="214" cy="254" r="5" fill="#d9ae52"/>""",
    "book": """
<path d="M112 108q0-20 20-20h136q16 0 16 16v196H132q-20 0-20 20z" fill="$main"/>
<path d="M112 318V108q0-18 18-20v210q-18 2-18 20z" fill="$deep"/>
<path d="M132 300h152v20H132q-14 0-14-10t14-10z" fill="$cream"/>
<path d="M130 308h154" stroke="$metal" stroke-width="2"/>
<path d="M112 318q0-20 20-20h152v6H134q-12 0-12 8t12 8h150v4H132q-20 0-20-6z" fill="$dark"/>
<rect x="156" y="122" width="104" height="72" rx="4" fill="$cream"/>
<path d="M174 146h68M186 164h44" stroke="$main" stroke-width="7" stroke-linecap="round"/>
<path d="M208 218q26 14 0 50q-26-36 0-50z" fill="$light"/>""",
    "bottle": """
<rect x="180" y="74" width="40" height="32" rx="6" fill="$bark"/>
<path d="M184 104h32v34q38 20 38 64v94q0 26-26 26h-56q-26 0-26-26v-94q0-44 38-64z" fill="$main"/>
<path d="M234 168q20 14 20 40v88q0 26-26 26h-12q22-4 22-28z" fill="$deep" opacity=".4"/>
<rect x="146" y="214" width="108" height="72" fill="$cream"/>
<path d="M200 226q20 14 0 36q-20-22 0-36z" fill="$leaf"/>
<path d="M172 272h56" stroke="$ink" stroke-width="4"/>
<path d="M162 186q4-14 14-22" stroke="$light" stroke-width="7" stroke-linecap="round" fill="none"/>
""",
    "bowl": """
<ellipse cx="200" cy="196" rx="112" ry="30" fill="$deep"/>
<path d="M88 196q0 112 84 122h56q84-10 84-122q-10 30-112 30T88 196z" fill="$main"/>
<path d="M276 212q36-8 36-16q0 112-84 122h-20q62-22 68-106z" fill="$dark" opacity=".5"/>
<path d="M160 314h80v8h-80z" fill="$deep"/>
<path d="M108 232q8 36 32 56" stroke="$light" stroke-width="9" stroke-linecap="round" fill="none"/>
""",
    "candle": """
<path d="M200 96c20 22 20 44 0 52c-20-8-20-30 0-52z" fill="$flame"/>
<path d="M200 118c9 11 9 22 0 27c-9-5-9-16 0-27z" fill="#fff1c9"/>
<path d="M200 144v30" stroke="$ink" stroke-width="4"/>
<ellipse cx="200" cy="178" rx="62" ry="14" fill="$cream"/>
<path d="M138 176q0 14 62 14t62-14v126q0 20-20 20h-84q-20 0-20-20z" fill="$main"/>
<path d="M240 187q22-4 22-11v126q0 20-20 20h-14q12-4 12-22z" fill="$dark" opacity=".5"/>
<rect x="162" y="220" width="66" height="62" rx="4" fill="$cream"/>
<path d="M176 240h38M182 254h26" stroke="$ink" stroke-width="4" stroke-linecap="round"/>""",
    "cap": """
<path d="M262 226q66-6 88 38q-70-22-146-8z" fill="$deep"/>
<path d="M84 250q-8-132 96-136q96 2 98 124q-96-30-194 12z" fill="$main"/>
<path d="M180 114q66 24 66 116q16 2 32 8q-2-122-98-124z" fill="$dark" opacity=".45"/>
<path d="M180 114q-50 26-52 122" stroke="$dark" stroke-width="4" fill="none"/>
<path d="M84 250q98-42 194-12l-1-18q-98-28-193 12z" fill="$light"/>
<path d="M168 112q12-14 26 2q-12 6-26-2z" fill="$deep"/>
<rect x="166" y="156" width="52" height="40" rx="6" fill="$cream"/>
<path d="M174 188l14-19 9 11 5-6 9 14z" fill="$moss"/>""",
    "carafe": """
<path d="M168 92h64l-8 74q44 24 44 84v48q0 24-24 24h-88q-24 0-24-24v-48q0-60 44-84z"
 fill="$main" opacity=".75"/>
<path d="M134 232q32-12 66 0t66 0q2 10 2 18v48q0 24-24 24h-88q-24 0-24-24v-48q0-8 2-18z"
 fill="$dark" opacity=".75"/>
<ellipse cx="200" cy="92" rx="36" ry="10" fill="$light"/>
<ellipse cx="200" cy="92" rx="26" ry="6" fill="$deep" opacity=".5"/>
<path d="M156 216q-8 20-8 70" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".6"
 fill="none"/><circle cx="220" cy="270" r="21" fill="#ecd25f"/>
<path d="M220 255v30M205 270h30" stroke="#fff6cf" stroke-width="3"/>""",
    "chair": """
<path d="M140 92l-8 228M260 92l8 228" stroke="$deep" stroke-width="12" stroke-linecap="round"/>
<path d="M150 232l-6 88M250 232l6 88" stroke="$dark" stroke-width="12" stroke-linecap="round"/>
<path d="M134 96q66-26 132 0v34q-66-22-132 0z" fill="$main"/>
<path d="M134 154q66-22 132 0v18q-66-20-132 0z" fill="$main"/>
<path d="M122 214h156q14 0 14 14t-14 14H122q-14 0-14-14t14-14z" fill="$main"/>
<path d="M110 232h180q-4 10-12 10H122q-8 0-12-10z" fill="$deep"/>
<path d="M138 280h124" stroke="$dark" stroke-width="9"/>""",
    "chocolate": """
<path d="M126 96h148v120H126z" fill="#5b3a2a"/>
<path d="M126 96h148v120H126z M175 96v120M225 96v120M126 136h148M126 176h148" stroke="#754d38"
 stroke-width="5" fill="none"/>
<path d="M114 190l20-14 18 14 16-14 18 14 16-14 18 14 16-14 18 14 16-14 16 14v114q0 18-18 18H132
q-18 0-18-18z" fill="#e9e4da"/>
<path d="M114 212h172v92q0 18-18 18H132q-18 0-18-18z" fill="$main"/>
<path d="M262 212h24v92q0 18-18 18h-6z" fill="$dark" opacity=".5"/>
<rect x="140" y="234" width="108" height="58" rx="4" fill="$cream"/>
<path d="M160 256h68M174 272h40" stroke="$deep" stroke-width="6" stroke-linecap="round"/>""",
    "clock": """
<path d="M140 300l-12 20M260 300l12 20" stroke="$deep" stroke-width="12" stroke-linecap="round"/>
<circle cx="200" cy="206" r="112" fill="$main"/><circle cx="200" cy="206" r="90" fill="$cream"/>
<path d="M200 94a112 112 0 0 1 0 224a130 130 0 0 0 0-224z" fill="$dark" opacity=".35"/>
<circle cx="200" cy="206" r="88" fill="$cream"/>
<path d="M200 128v14M200 270v14M122 206h14M264 206h14" stroke="$ink" stroke-width="6"
 stroke-linecap="round"/>
<path d="M200 206l-34-30" stroke="$ink" stroke-width="9" stroke-linecap="round"/>
<path d="M200 206l44-44" stroke="$ink" stroke-width="6" stroke-linecap="round"/>
<circle cx="200" cy="206" r="9" fill="$deep"/>""",
    "coffee-maker": """
<path d="M254 154q52-6 46 44l-10 52" fill="none" stroke="$ink" stroke-width="15"
 stroke-linecap="round"/>
<path d="M192 92h16v20h-16z" fill="$ink"/>
<path d="M152 126l48-20 48 20 10 78H142z" fill="$main"/>
<path d="M152 126l-28 12 22 34z" fill="$dark"/>
<path d="M146 122q54-34 108 0v10H146z" fill="$light"/>
<path d="M136 204h128v20H136z" fill="$deep"/>
<path d="M142 224h116l20 82q2 16-14 16H136q-16 0-14-16z" fill="$main"/>
<path d="M226 224h32l20 82q2 16-14 16h-26zM220 132h28l10 72h-34z" fill="$dark" opacity=".5"/>
<circle cx="168" cy="252" r="7" fill="$deep"/>
<path d="M172 140l-6 48" stroke="#fff" stroke-width="7" opacity=".5" stroke-linecap="round"/>""",
    "cool-box": """
<path d="M120 184q0-58 80-58t80 58" fill="none" stroke="$deep" stroke-width="14"/>
<path d="M88 194h224v106q0 22-22 22H110q-22 0-22-22z" fill="$main"/>
<rect x="78" y="168" width="244" height="46" rx="14" fill="$cream"/>
<path d="M78 200h244q0 14-14 14H92q-14 0-14-14z" fill="$metal"/>
<rect x="182" y="196" width="36" height="40" rx="6" fill="$ink"/>
<path d="M88 286h224v14q0 22-22 22H110q-22 0-22-22z" fill="$dark"/>
<path d="M112 244v26M288 244v26" stroke="$light" stroke-width="9" stroke-linecap="round"/>""",
    "cushion": """
<path d="M104 116q96 22 192 0q18-2 16 16q-24 80 0 162q2 20-16 18q-96-22-192 0q-18 2-16-18
q24-82 0-162q-2-18 16-16z" fill="$main"/>
<path d="M296 116q18-2 16 16q-24 80 0 162q2 20-16 18q-36-8-70-10q60-80 70-186z" fill="$dark"
 opacity=".35"/>
<path d="M124 160q76 16 152 0M120 214h160M124 268q76-16 152 0" stroke="$light" stroke-width="8"
 fill="none" stroke-linecap="round" stroke-dasharray="22 12"/>""",
    "cutlery": """
<path d="M140 100v50M154 100v50M168 100v50" stroke="$main" stroke-width="8" stroke-linecap="round"/>
<path d="M136 146h36q0 34-10 42h-16q-10-8-10-42z" fill="$main"/>
<path d="M154 184v128" stroke="$main" stroke-width="13" stroke-linecap="round"/>
<path d="M196 312V104q30 14 28 96l-14 12v100" fill="$main"/>
<path d="M203 206v106" stroke="$main" stroke-width="14" stroke-linecap="round"/>
<ellipse cx="256" cy="140" rx="25" ry="42" fill="$main"/>
<ellipse cx="253" cy="136" rx="15" ry="29" fill="$dark" opacity=".5"/>
<path d="M256 176v136" stroke="$main" stroke-width="13" stroke-linecap="round"/>
<path d="M124 236h160v40H124z" fill="$deep"/>
<path d="M186 246l36 20M222 246l-36 20" stroke="$light" stroke-width="7"
 stroke-linecap="round"/>""",
    "flask": """
<rect x="166" y="72" width="68" height="54" rx="12" fill="$deep"/>
<path d="M172 84v34M186 84v34M200 84v34M214 84v34M228 84v34" stroke="$dark" stroke-width="4"/>
<path d="M172 124h56q30 16 30 48v124q0 26-26 26h-64q-26 0-26-26V172q0-32 30-48z" fill="$main"/>
<path d="M222 124h6q30 16 30 48v124q0 26-26 26h-18q20-8 20-30V170q0-30-12-46z" fill="$dark"
 opacity=".6"/>
<path d="M142 252h116v16H142z" fill="$light"/>
<path d="M160 176v60" stroke="$light" stroke-width="10" stroke-linecap="round"/>
<path d="M186 222l14-22 10 13 6-7 10 16z" fill="$cream"/>""",
    "floor-lamp": """
<ellipse cx="200" cy="316" rx="50" ry="9" fill="$deep"/>
<path d="M200 148v166" stroke="$ink" stroke-width="8"/>
<path d="M146 146L96 322h208L254 146z" fill="$flame" opacity=".16"/>
<path d="M170 58h60l30 88H140z" fill="$main"/>
<path d="M212 58h18l30 88h-32z" fill="$dark" opacity=".6"/>
<ellipse cx="200" cy="146" rx="60" ry="10" fill="#fff1c9"/>
<path d="M174 78l-15 48" stroke="$light" stroke-width="8" stroke-linecap="round"/>
<path d="M220 154v40" stroke="$ink" stroke-width="3"/><circle cx="220" cy="198" r="6"
 fill="$ink"/>""",
    "flowerpot": """
<path d="M118 168h164l-22 136q-2 16-18 16h-84q-16 0-18-16z" fill="$main"/>
<path d="M232 168h50l-22 136q-2 16-18 16h-26z" fill="$dark" opacity=".45"/>
<rect x="104" y="132" width="192" height="46" rx="10" fill="$light"/>
<path d="M240 132h46q10 0 10 10v26q0 10-10 10h-54z" fill="$main"/>
<path d="M124 178h152v10H126z" fill="$deep" opacity=".6"/>
<path d="M134 310h132q10 0 10 6t-10 6H134q-10 0-10-6t10-6z" fill="$deep"/>
<path d="M146 204l10 76" stroke="$light" stroke-width="9" stroke-linecap="round"/>""",
    "frame": """
<rect x="112" y="74" width="176" height="228" rx="5" fill="$main"/>
<path d="M288 80v217q0 5-5 5H117z" fill="$dark" opacity=".45"/>
<rect x="126" y="88" width="148" height="200" fill="$cream"/>
<rect x="146" y="112" width="108" height="152" fill="#e8e0d0"/>
<circle cx="222" cy="152" r="19" fill="$flame"/>
<path d="M146 212q30-40 58-8t50-12v72H146z" fill="$leaf"/>
<path d="M146 238q40-30 62-6t46-8v40H146z" fill="$moss"/>""",
    "glass": """
<path d="M138 110h124l-14 194q-2 18-20 18h-56q-18 0-20-18z" fill="$main" opacity=".6"/>
<path d="M143 176q28 10 57 0t57 0l-9 128q-2 18-20 18h-56q-18 0-20-18z" fill="$dark" opacity=".7"/>
<path d="M154 304h92q-2 18-18 18h-56q-16 0-18-18z" fill="$light"/>
<ellipse cx="200" cy="110" rx="62" ry="12" fill="$light"/>
<ellipse cx="200" cy="110" rx="52" ry="8" fill="$dark" opacity=".4"/>
<path d="M160 140l8 132" stroke="#fff" stroke-width="10" stroke-linecap="round" opacity=".65"/>""",
    "grill": """
<path d="M160 238l-30 84M240 238l30 84M200 244v60" stroke="$ink" stroke-width="10"
 stroke-linecap="round"/>
<path d="M142 292h116" stroke="$iron" stroke-width="7"/>
<circle cx="132" cy="312" r="12" fill="$ink"/>
<path d="M100 190h200q-6 64-70 64h-60q-64 0-70-64z" fill="$dark"/>
<path d="M96 178q6-74 104-74t104 74z" fill="$main"/>
<path d="M232 108q66 14 72 70h-48q0-46-24-70z" fill="$dark" opacity=".5"/>
<rect x="88" y="176" width="224" height="16" rx="8" fill="$metal"/>
<path d="M178 100q22-24 44 0" fill="none" stroke="$bark" stroke-width="10" stroke-linecap="round"/>
<path d="M126 158q12-28 40-36" stroke="$light" stroke-width="8" fill="none"
 stroke-linecap="round"/>""",
    "hammock": """
<path d="M66 120v202M334 120v202" stroke="$bark" stroke-width="13" stroke-linecap="round"/>
<path d="M66 138l50 40M66 138l40 62M334 138l-50 40M334 138l-40 62" stroke="$wood" stroke-width="4"/>
<path d="M104 176q96 84 192 0l14 24q-46 84-110 84T90 200z" fill="$main"/>
<path d="M104 176q96 84 192 0l5 9q-101 94-202 0z" fill="$deep"/>
<path d="M112 224q88 70 176 0l-12 16q-76 54-152 0z" fill="$light"/>
<path d="M132 252q68 40 136 0l-16 14q-52 24-104 0z" fill="$dark"/>
<path d="M108 212q12-42 46-26q28 14 16 36z" fill="$cream"/>""",
    "jacket": """
<path d="M150 118q50-66 100 0l-16 24h-68z" fill="$deep"/>
<path d="M150 114l-46 30-34 140 44 14 20-86v104h132V212l20 86 44-14-34-140-46-30q-50 44-100 0z"
 fill="$main"/>
<path d="M134 212v104h66V140q-30 0-50-26l-46 30q26 20 30 68z" fill="$dark" opacity=".3"/>
<path d="M200 138v178" stroke="$light" stroke-width="6"/>
<path d="M152 250h32v34h-32zM216 250h32v34h-32z" fill="$dark"/>
<path d="M152 250h32v8h-32zM216 250h32v8h-32z" fill="$deep"/>
<path d="M170 118q30 34 60 0" stroke="$cream" stroke-width="5" fill="none"/>
<path d="M216 178h28l-8 14h-20z" fill="$flame"/>""",
    "jar": """
<path d="M142 134q-18 12-18 38v124q0 26 26 26h100q26 0 26-26V172q0-26-18-38z" fill="$main"/>
<path d="M244 134h14q18 12 18 38v124q0 26-26 26h-20q22-6 22-30V168q0-22-8-34z" fill="$dark"
 opacity=".5"/>
<rect x="132" y="92" width="136" height="44" rx="10" fill="$wood"/>
<path d="M132 122h136v4q0 10-10 10H142q-10 0-10-10z" fill="$bark"/>
<rect x="150" y="196" width="92" height="76" rx="6" fill="$cream"/>
<path d="M166 222h60M176 242h40" stroke="$ink" stroke-width="5" stroke-linecap="round"/>
<path d="M140 172v96" stroke="$light" stroke-width="8" stroke-linecap="round"/>""",
    "kettle": """
<path d="M132 168q-6-84 68-84t68 84" fill="none" stroke="$ink" stroke-width="14"
 stroke-linecap="round"/>
<path d="M116 252l-52-66 34-8 46 40z" fill="$dark"/>
<path d="M200 150q96 0 100 146q0 26-26 26H126q-26 0-26-26q4-146 100-146z" fill="$main"/>
<path d="M222 152q76 10 78 144q0 26-26 26h-30q40-80-22-170z" fill="$dark" opacity=".45"/>
<path d="M152 166q48-34 96 0z" fill="$deep"/><circle cx="200" cy="140" r="11" fill="$wood"/>
<path d="M128 264q4-44 28-68" stroke="$light" stroke-width="10" fill="none" stroke-linecap="round"/>
""",
    "knife": """
<g transform="rotate(38 200 200) translate(-40 -40) scale(1.2)">
<path d="M186 60q44 46 40 156h-40z" fill="$metal"/>
<path d="M186 60q22 46 22 156h-22z" fill="#dfe4e6"/>
<rect x="180" y="212" width="50" height="18" rx="4" fill="$iron"/>
<path d="M184 228h42l4 82q2 18-16 18h-14q-18 0-16-18z" fill="$main"/>
<path d="M212 228h14l4 82q2 18-16 18z" fill="$dark" opacity=".5"/>
<circle cx="205" cy="250" r="5" fill="$cream"/><circle cx="206" cy="276" r="5" fill="$cream"/>
<circle cx="207" cy="302" r="5" fill="$cream"/></g>""",
    "lamp": """
<path d="M148 104h104l38 96H110z" fill="$main"/>
<path d="M226 104h26l38 96h-48z" fill="$dark" opacity=".4"/>
<path d="M110 200h180v10H110z" fill="#fff1c9"/>
<path d="M122 210h156l28 110H94z" fill="$flame" opacity=".16"/>
<path d="M192 210h16v26h-16z" fill="$iron"/>
<path d="M176 234h48q34 34 14 76h-76q-20-42 14-76z" fill="$dark"/>
<path d="M208 234h16q34 34 14 76h-24q18-40-6-76z" fill="$deep" opacity=".6"/>
<rect x="148" y="306" width="104" height="16" rx="8" fill="$wood"/>
<path d="M158 120l-20 58" stroke="$light" stroke-width="9" stroke-linecap="round"/>""",
    "lantern": """
<path d="M168 104q0-36 32-36t32 36" fill="none" stroke="$deep" stroke-width="9"/>
<path d="M146 136l28-36h52l28 36z" fill="$main"/>
<path d="M136 134h128v18H136z" fill="$deep"/>
<path d="M146 152h108v142H146z" fill="#fdf0cd"/>
<path d="M200 190c18 22 18 42 0 50c-18-8-18-28 0-50z" fill="$flame"/>
<path d="M178 244h44v50h-44z" fill="$cream"/><path d="M208 244h14v50h-14z" fill="#e6ddca"/>
<path d="M146 152v142M254 152v142" stroke="$main" stroke-width="11"/>
<path d="M200 152v32" stroke="$main" stroke-width="5" opacity=".5"/>
<path d="M130 292h140v14q0 16-16 16H146q-16 0-16-16z" fill="$main"/>
<path d="M130 310h140q-2 12-16 12H146q-14 0-16-12z" fill="$deep"/>""",
    "linen": """
<rect x="92" y="262" width="216" height="58" rx="26" fill="$dark"/>
<path d="M118 291h190" stroke="$deep" stroke-width="5"/>
<rect x="102" y="204" width="200" height="60" rx="28" fill="$main"/>
<path d="M128 234h174" stroke="$dark" stroke-width="5"/>
<rect x="94" y="146" width="206" height="60" rx="28" fill="$light"/>
<path d="M120 176h180" stroke="$main" stroke-width="5"/>
<path d="M236 146h36v58h-36z" fill="$main"/><path d="M246 146v58M262 146v58" stroke="$deep"
 stroke-width="4"/>
<path d="M236 204v10M245 204v14M254 204v10M263 204v14M272 204v10" stroke="$deep" stroke-width="4"/>
""",
    "mirror": """
<circle cx="200" cy="196" r="122" fill="$main"/>
<path d="M286 110a122 122 0 0 1-172 172a150 150 0 0 0 172-172z" fill="$dark" opacity=".45"/>
<circle cx="200" cy="196" r="104" fill="#dbe7e9"/>
<path d="M120 262L266 116q12 12 20 28L148 286q-16-8-28-24z" fill="#edf4f5"/>
<path d="M162 293l136-136q3 8 5 18L182 299q-10-2-20-6z" fill="#edf4f5"/>
<path d="M176 76q24-30 48 0" fill="none" stroke="$bark" stroke-width="6"/>""",
    "mug": """
<path d="M264 176q64-8 60 46t-68 52" fill="none" stroke="$dark" stroke-width="22"/>
<path d="M112 134h164v128q0 60-60 60h-44q-60 0-60-60z" fill="$main"/>
<path d="M236 134h40v128q0 60-60 60h-20q40-12 40-66z" fill="$dark" opacity=".4"/>
<ellipse cx="194" cy="134" rx="82" ry="18" fill="$light"/>
<ellipse cx="194" cy="136" rx="68" ry="12" fill="#6b4a36"/>
<path d="M138 178v70q0 18 8 30" stroke="$light" stroke-width="10" stroke-linecap="round"
 fill="none"/>
<path d="M172 106q-12-16 0-30t0-28M212 106q-12-16 0-30t0-28" stroke="#fff" stroke-width="7"
 fill="none" stroke-linecap="round" opacity=".8"/>""",
    "packet": """
<path d="M116 82l12 8 12-8 12 8 12-8 12 8 12-8 12 8 12-8 12 8 12-8 12 8 12-8 12 8 12-8v238H116z"
 fill="$cream"/>
<path d="M116 112h168v34H116z" fill="$main"/>
<path d="M142 129h116" stroke="$cream" stroke-width="8" stroke-linecap="round"/>
<path d="M116 268h168v52H116z" fill="$main"/><path d="M266 90l18-8v238h-18z" fill="$ink"
 opacity=".08"/>
<path d="M200 268v-70" stroke="$moss" stroke-width="7"/>
<path d="M200 240q-44 0-44-38q42 0 44 38zM200 224q42-2 42-42q-42 4-42 42z" fill="$leaf"/>
<circle cx="200" cy="184" r="20" fill="$main"/><circle cx="200" cy="184" r="9" fill="$flame"/>
<circle cx="168" cy="294" r="7" fill="$light"/><circle cx="200" cy="298" r="7" fill="$light"/>
<circle cx="232" cy="294" r="7" fill="$light"/>""",
    "pan": """
<rect x="264" y="238" width="104" height="22" rx="11" fill="$bark"/>
<rect x="254" y="236" width="34" height="26" rx="6" fill="$iron"/>
<path d="M52 226h224q-2 64-44 64H96q-42 0-44-64z" fill="$main"/>
<path d="M220 226h56q-2 64-44 64h-36q22-14 24-64z" fill="$deep" opacity=".4"/>
<ellipse cx="164" cy="226" rx="112" ry="24" fill="$dark"/>
<ellipse cx="164" cy="228" rx="96" ry="18" fill="$deep"/>
<path d="M112 224q24-18 56-8t42 8-30 14-68-14z" fill="#fff8ea"/>
<ellipse cx="156" cy="222" rx="18" ry="8" fill="$flame"/>
<path d="M130 190q-10-14 0-26t0-26M176 184q-10-14 0-26t0-26" stroke="#fff" stroke-width="7"
 fill="none" stroke-linecap="round" opacity=".8"/>""",
    "parasol": """
<path d="M200 84v232" stroke="$wood" stroke-width="9"/>
<path d="M164 306h72q10 0 10 16h-92q0-16 10-16z" fill="$iron"/>
<path d="M72 206q10-118 128-122q118 4 128 122q-22-20-43 0q-21-20-42 0q-21-20-43 0q-22-20-43 0
q-21-20-42 0q-21-20-43 0z" fill="$main"/>
<path d="M200 84q-78 30-85 122q21-20 42 0q4-90 43-122zM200 84q78 30 85 122q-21-20-42 0
q-4-90-43-122z" fill="$light"/>
<circle cx="200" cy="80" r="9" fill="$deep"/>""",
    "pen": """
<path d="M130 284l28-58 28 22z" fill="$metal"/><path d="M130 284l16-33 15 12z" fill="$ink"/>
<path d="M158 226l92-118 28 22-92 118z" fill="$main"/>
<path d="M172 237l92-118 14 11-92 118z" fill="$dark" opacity=".6"/>
<path d="M158 226l10-13 28 22-10 13z" fill="$deep"/>
<path d="M250 108l12-15q9-9 21 0q10 9 4 19l-9 18z" fill="$deep"/>
<path d="M260 106l10 8-46 60" stroke="$metal" stroke-width="6" fill="none" stroke-linejoin="round"/>
<path d="M122 296q40 22 74 4t82 2" stroke="$ink" stroke-width="6" fill="none"
 stroke-linecap="round"/>""",
    "pendant": """
<path d="M200 0v112" stroke="$ink" stroke-width="5"/>
<path d="M182 108h36v30h-36z" fill="$iron"/>
<path d="M110 226L60 322h280l-50-96z" fill="$flame" opacity=".16"/>
<path d="M96 226q6-96 104-96t104 96z" fill="$main"/>
<path d="M232 134q66 16 72 92h-52q2-64-20-92z" fill="$dark" opacity=".45"/>
<ellipse cx="200" cy="226" rx="104" ry="15" fill="#fff1c9"/>
<circle cx="200" cy="230" r="19" fill="$flame"/>
<path d="M126 206q6-36 34-50" stroke="$light" stroke-width="9" fill="none" stroke-linecap="round"/>
""",
    "plant": """
<path d="M200 240V120M200 232q-40-30-56-70M200 226q40-24 60-64" stroke="$moss" stroke-width="6"
 fill="none"/>
<path d="M200 150q-42-40 0-92q42 52 0 92z" fill="$leaf"/>
<path d="M148 170q-58-4-62-60q58 2 62 60zM256 168q56-8 58-62q-56 6-58 62z" fill="$leaf"/>
<path d="M176 214q-58 16-82-26q50-22 82 26zM226 210q54 20 82-22q-46-24-82 22z" fill="$moss"/>
<path d="M200 150V74M148 170l-44-44M256 168l42-46" stroke="#e8efe0" stroke-width="3" opacity=".6"/>
<path d="M138 234h124l-14 74q-2 14-16 14h-64q-14 0-16-14z" fill="$main"/>
<path d="M222 234h40l-14 74q-2 14-16 14h-20z" fill="$dark" opacity=".45"/>
<path d="M130 228h140v22H130z" fill="$light"/>""",
    "plate": """
<ellipse cx="200" cy="206" rx="134" ry="110" fill="$dark"/>
<ellipse cx="200" cy="198" rx="134" ry="108" fill="$main"/>
<ellipse cx="200" cy="200" rx="94" ry="74" fill="$dark" opacity=".45"/>
<ellipse cx="200" cy="204" rx="92" ry="70" fill="$light"/>
<path d="M88 176q16-46 66-62" stroke="$light" stroke-width="8" stroke-linecap="round" fill="none"/>
<path d="M168 222q50 8 72-44" stroke="$moss" stroke-width="5" fill="none" stroke-linecap="round"/>
<path d="M184 222q-4-24 12-30q8 20-12 30zM206 216q-4-26 12-32q8 22-12 32zM224 200q24-2 26 14
q-18 6-26-14zM200 220q20 2 20 18q-18 2-20-18z" fill="$leaf"/>""",
    "pot": """
<path d="M110 208q-40-4-40 22t40 22M290 208q40-4 40 22t-40 22" fill="none" stroke="$deep"
 stroke-width="15"/>
<path d="M102 186h196v104q0 32-32 32H134q-32 0-32-32z" fill="$main"/>
<path d="M246 186h52v104q0 32-32 32h-40q20-10 20-36z" fill="$dark" opacity=".45"/>
<path d="M98 178q10-52 102-52t102 52z" fill="$light"/>
<rect x="90" y="172" width="220" height="22" rx="11" fill="$dark"/>
<rect x="178" y="106" width="44" height="24" rx="12" fill="$wood"/>
<path d="M126 218v54" stroke="$light" stroke-width="10" stroke-linecap="round"/>""",
    "pump": """
<path d="M196 116V82" stroke="$ink" stroke-width="11"/>
<path d="M206 72h-44q-26 0-28 28h16q2-12 14-12h42z" fill="$ink"/>
<rect x="180" y="106" width="40" height="34" rx="5" fill="$ink"/>
<path d="M176 138h48q38 12 38 52v106q0 26-26 26h-72q-26 0-26-26V190q0-40 38-52z" fill="$main"/>
<path d="M224 138q38 12 38 52v106q0 26-26 26h-16q20-8 20-30V186q0-36-16-48z" fill="$deep"
 opacity=".4"/>
<rect x="154" y="202" width="76" height="84" rx="4" fill="$cream"/>
<path d="M170 226h44M178 244h28M170 262h44" stroke="$ink" stroke-width="5" stroke-linecap="round"/>
<path d="M150 190q4-18 16-26" stroke="$light" stroke-width="7" fill="none" stroke-linecap="round"/>
""",
    "rug": """
<path d="M108 84v232M124 84v232M140 84v232M156 84v232M172 84v232M188 84v232M204 84v232M220 84v232
M236 84v232M252 84v232M268 84v232M284 84v232" transform="translate(4 0)" stroke="$dark"
 stroke-width="4"/>
<rect x="100" y="98" width="200" height="204" rx="3" fill="$main"/>
<rect x="116" y="114" width="168" height="172" fill="none" stroke="$light" stroke-width="7"/>
<path d="M200 130l58 70-58 70-58-70z" fill="$dark"/><path d="M200 158l35 42-35 42-35-42z"
 fill="$light"/><path d="M200 180l17 20-17 20-17-20z" fill="$deep"/>
<path d="M130 128h26l-26 30zM270 128h-26l26 30zM130 272h26l-26-30zM270 272h-26l26-30z"
 fill="$light"/>""",
    "sleeping-bag": """
<rect x="96" y="182" width="208" height="136" rx="62" fill="$main"/>
<path d="M160 182h20v136h-20zM222 182h20v136h-20z" fill="$dark"/>
<path d="M150 190q-30 60 0 120M206 184q-24 66 0 132" stroke="$deep" stroke-width="3" fill="none"
 opacity=".5"/>
<ellipse cx="262" cy="250" rx="56" ry="68" fill="$light"/>
<path d="M262 202a40 48 0 1 1-40 48a28 34 0 1 1 56 0a16 18 0 1 1-32 0" fill="none" stroke="$deep"
 stroke-width="9" stroke-linecap="round"/>
<path d="M152 180q6-30 44-26t54 30" stroke="$bark" stroke-width="9" fill="none"/>""",
    "slippers": """
<path d="M88 238q-14-76 44-84q60-4 56 84v46q-4 38-50 38t-50-38z" fill="$deep"/>
<path d="M98 176q0-10 40-8t40 8q6 24 4 48v60q-4 30-44 30t-44-30v-60q-2-24 4-48z" fill="$cream"/>
<path d="M84 292q-10-84 54-84t54 84q0 34-54 34t-54-34z" transform="translate(0-62)
rotate(180 138 250)" fill="$main"/>
<path d="M212 238q-14-76 44-84q60-4 56 84v46q-4 38-50 38t-50-38z" fill="$deep"/>
<path d="M222 176q0-10 40-8t40 8q6 24 4 48v60q-4 30-44 30t-44-30v-60q-2-24 4-48z" fill="$cream"/>
<path d="M208 292q-10-84 54-84t54 84q0 34-54 34t-54-34z" transform="translate(0-62)
rotate(180 262 250)" fill="$main"/>""",
    "soap": """
<rect x="104" y="206" width="192" height="112" rx="40" fill="$dark"/>
<rect x="104" y="192" width="192" height="112" rx="40" fill="$main"/>
<rect x="132" y="216" width="136" height="64" rx="26" fill="none" stroke="$dark" stroke-width="6"/>
<path d="M200 226q22 18 0 44q-22-26 0-44z" fill="$leaf"/>
<path d="M128 222q6-16 24-18" stroke="$light" stroke-width="8" fill="none" stroke-linecap="round"/>
<circle cx="146" cy="152" r="26" fill="#fff" opacity=".7"/>
<circle cx="192" cy="122" r="16" fill="#fff" opacity=".7"/>
<circle cx="238" cy="160" r="20" fill="#fff" opacity=".7"/>
<circle cx="226" cy="96" r="9" fill="#fff" opacity=".7"/>""",
    "socks": """
<path d="M206 92h66v118q0 22 18 36l24 18q20 18 4 40q-16 18-44 8l-48-26q-20-12-20-42z"
 fill="$dark"/>
<path d="M206 92h66v30h-66z" fill="$deep"/>
<path d="M118 92h72v126q0 22 16 34l34 24q18 16 4 36q-14 18-42 10l-60-26q-24-12-24-42z"
 fill="$main"/>
<path d="M118 92h72v34h-72z" fill="$deep"/>
<path d="M118 146h72v13h-72zM118 172h72v13h-72z" fill="$light"/>
<path d="M230 269l10 7q18 16 4 36q-14 18-42 10l-12-5q34-4 40-48zM118 240q40-10 48 56l-24-10
q-22-12-24-38z" fill="$deep"/>""",
    "stove": """
<path d="M150 152h100v12H150zM132 184l20-30M268 184l-20-30" stroke="$ink" stroke-width="9"
 stroke-linecap="round"/>
<path d="M170 186c-8-20 8-24 4-40c18 12 12 26 20 30c6-8 4-18 2-24c20 10 22 28 14 42z"
 fill="$flame"/>
<path d="M212 188c-6-14 6-18 4-30c16 10 16 22 10 32z" fill="#7fb2cf"/>
<rect x="140" y="184" width="120" height="24" rx="12" fill="$iron"/>
<path d="M96 220q0-14 14-14h180q14 0 14 14v76q0 16-16 16H112q-16 0-16-16z" fill="$main"/>
<path d="M96 276h208v20q0 16-16 16H112q-16 0-16-16z" fill="$dark"/>
<circle cx="148" cy="246" r="19" fill="$cream"/><path d="M148 246v-14" stroke="$ink"
 stroke-width="6" stroke-linecap="round"/>
<path d="M190 238h84M190 254h60" stroke="$deep" stroke-width="7" stroke-linecap="round"/>
<path d="M118 312v10M282 312v10" stroke="$ink" stroke-width="16"/>""",
    "table": """
<path d="M132 204l-22 116M268 204l22 116M176 204l-8 106M224 204l8 106" stroke="$dark"
 stroke-width="12" stroke-linecap="round"/>
<rect x="76" y="178" width="248" height="28" rx="14" fill="$main"/>
<path d="M78 196h244q-4 10-12 10H90q-8 0-12-10z" fill="$deep"/>
<path d="M212 134h44v26q0 18-22 18t-22-18z" fill="$cream"/>
<path d="M256 142q16 0 14 12t-16 12" fill="none" stroke="$cream" stroke-width="6"/>
<path d="M126 164h66v14h-66z" fill="$moss"/><path d="M132 150h54v14h-54z" fill="$flame"/>""",
    "teapot": """
<path d="M118 258q-44-12-54-74l26-8q12 34 44 38z" fill="$dark"/>
<path d="M270 186q66-20 62 32t-66 52" fill="none" stroke="$deep" stroke-width="17"/>
<path d="M106 234q0-76 94-76t94 76q0 88-68 88h-52q-68 0-68-88z" fill="$main"/>
<path d="M232 162q62 14 62 72q0 88-68 88h-20q72-60 26-160z" fill="$dark" opacity=".45"/>
<path d="M148 170q6-30 52-30t52 30q-52 16-104 0z" fill="$light"/>
<circle cx="200" cy="132" r="13" fill="$deep"/>
<path d="M130 244q2-34 28-50" stroke="$light" stroke-width="10" fill="none" stroke-linecap="round"/>
""",
    "tent": """
<path d="M200 102l154 220H46z" fill="$main"/>
<path d="M200 102l154 220H250z" fill="$dark"/>
<path d="M200 102l-62 220h124z" fill="$ink"/>
<path d="M200 102l-72 220H90q76-90 110-220zM200 102l72 220h38q-76-90-110-220z" fill="$light"/>
<path d="M190 88l10 14 10-14" stroke="$bark" stroke-width="6" fill="none" stroke-linecap="round"/>
<path d="M200 102l-14 180h28z" fill="$flame" opacity=".55"/>
<path d="M46 322l-20 4M354 322l20 4" stroke="$bark" stroke-width="5" stroke-linecap="round"/>""",
    "tin": """
<path d="M124 138h152v164q0 20-76 20t-76-20z" fill="$main"/>
<path d="M240 138h36v164q0 14-36 18z" fill="$dark" opacity=".5"/>
<path d="M116 112v32q0 16 84 16t84-16v-32z" fill="$deep"/>
<ellipse cx="200" cy="112" rx="84" ry="17" fill="$dark"/>
<ellipse cx="200" cy="110" rx="62" ry="11" fill="$main"/>
<path d="M124 196q76 18 152 0v78q-76 18-152 0z" fill="$cream"/>
<path d="M200 216q26 18 0 52q-26-34 0-52z" fill="$leaf"/>
<path d="M200 226v40" stroke="$cream" stroke-width="3"/>
<path d="M148 238h24M228 238h24" stroke="$deep" stroke-width="5" stroke-linecap="round"/>""",
    "trowel": """
<path d="M176 72q24-18 48 0l-6 88h-36z" fill="$main"/>
<path d="M206 63q10 1 18 9l-6 88h-14z" fill="$dark" opacity=".6"/>
<circle cx="200" cy="84" r="6" fill="$cream"/>
<path d="M184 158h32v18h-32z" fill="$iron"/><path d="M200 174v40" stroke="$iron" stroke-width="13"/>
<path d="M154 212q46-22 92 0v42q0 52-46 72q-46-20-46-72z" fill="$metal"/>
<path d="M200 202q24 0 46 10v42q0 52-46 72z" fill="$iron" opacity=".6"/>
<path d="M200 222v72" stroke="$iron" stroke-width="4"/>
<path d="M176 294q24-10 48 0q-8 22-24 32q-16-10-24-32z" fill="#6b4f3c"/>""",
    "vase": """
<path d="M200 140V64M196 140q-10-44-38-62M206 140q12-40 36-56" stroke="$moss" stroke-width="5"
 fill="none"/>
<path d="M200 84q-20-18 0-42q20 24 0 42zM160 88q-30 0-32-26q30 0 32 26zM240 92q4-28 32-28
q0 28-32 28zM178 112q-26 8-36-12q26-10 36 12zM224 114q22 12 36-8q-22-14-36 8z" fill="$leaf"/>
<path d="M172 134h56q-4 38 22 66q24 26 24 56q0 42-42 66h-64q-42-24-42-66q0-30 24-56q26-28 22-66z"
 fill="$main"/>
<path d="M214 134h14q-4 38 22 66q24 26 24 56q0 42-42 66h-24q60-60 16-120q-18-26-10-68z"
 fill="$dark" opacity=".45"/>
<ellipse cx="200" cy="134" rx="28" ry="7" fill="$deep"/>
<path d="M150 264q0-24 14-42" stroke="$light" stroke-width="9" fill="none" stroke-linecap="round"/>
""",
    "watering-can": """
<path d="M150 170q10-66 76-60t52 78" fill="none" stroke="$deep" stroke-width="14"/>
<path d="M264 214q54 0 52 46t-52 42" fill="none" stroke="$deep" stroke-width="14"/>
<path d="M136 282L72 156l18-8 58 84z" fill="$dark"/>
<path d="M50 166l52-30 8 14-50 32z" fill="$deep"/>
<path d="M132 178h140v124q0 20-20 20h-100q-20 0-20-20z" fill="$main"/>
<path d="M232 178h40v124q0 20-20 20h-30q10-6 10-20z" fill="$dark" opacity=".5"/>
<ellipse cx="202" cy="178" rx="70" ry="14" fill="$deep"/>
<path d="M150 214v68" stroke="$light" stroke-width="9" stroke-linecap="round"/>
<path d="M44 190v16M58 198v18M34 212v14" stroke="#7fb2cf" stroke-width="6" stroke-linecap="round"/>
""",
}
"""The drawings, by kind of product, in the product's colour: light, main, dark and deep."""


def pictures_needed() -> list[tuple[str, str]]:
    """Every kind and colour that a product of the demo shop can have."""
    return sorted({(leaf.kind, colour) for leaf in LEAVES for colour in leaf.colours})


def picture(kind: str, colour: str) -> str:
    """An SVG document that needs nothing else."""
    main = COLOURS[colour]
    # Pale things would vanish before a pale wall.
    pale = _lightness(main) > 0.72
    back = _mix(main, "#c6cecb", 0.80) if pale else _mix(main, PAPER, 0.88)
    halo = _mix(back, WHITE, 0.16 if pale else 0.42)
    shape = Template(SHAPES[kind]).substitute(
        FIXED,
        main=main,
        light=_mix(main, WHITE, 0.30),
        dark=_mix(main, "#2b2018", 0.18),
        deep=_mix(main, "#2b2018", 0.40),
        halo=halo,
    )
    return FRAME.substitute(
        title=f"{kind.replace('-', ' ')}, {colour}",
        back=back,
        halo=halo,
        shadow=0 if kind in HANGING else 78 if kind in NARROW else 118,
        shape=shape.replace("\n", " ").replace("> <", "><").strip(),
    )


def write_pictures(folder: Path) -> int:
    """Write the pictures that are missing or not as they should be; says how many those were.

    The file that `picture_path` calls /media/demo/mug-slate.svg becomes mug-slate.svg.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for kind, colour in pictures_needed():
        file = folder / Path(picture_path(kind, colour)).name
        content = picture(kind, colour).encode()
        if not (file.is_file() and file.read_bytes() == content):
            file.write_bytes(content)
            written += 1
    return written


def _mix(colour: str, other: str, share: float) -> str:
    """So much of the other colour in the one.

    >>> _mix("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _lightness(colour: str) -> float:
    """0 for black, 1 for white, as the eye sees it."""
    red, green, blue = _channels(colour)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
