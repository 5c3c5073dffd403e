// Drawings to begin with, made for this page: the ten digits, one that could be two of them, and one
// that is none. They are written as links are, see link.js.

import { decode } from "./link.js";

const DRAWINGS = {
  "A slashed zero":
    "1B6CujBkL1BCpDFrDI3BQtBgBrBmBlBmBhByB7BqDtBgERmCRyEAsCIyCckFY2CgB2CkByC0BsC-BgCqCyB0CgB-CK4CR4ChBsCxBgC_B6BnCwBtCiCjFelFI_EDrCLpCnBrE7B7DjB5BlBvB3CtCtBhB9C1BxBRzBStBcBO-uB8NjDiE1CmD_C-DjIiMnDwE_IsL",
  "A one with a serif":
    "1BS-WqU-DzC8CnCgD9C8ChDRiI9C8aF0DA6E",
  "A two with a loop":
    "1B0C4TsT0DpFiBnBqBhB8CrB0BN2BH6BC6BS2BgB0BqBsB2BiB-BKqCHuCNsCtB2EfqChBqCnBqC3C4ElDyExDkEhC4BlC0BvCmBvCR_BhCZvCAxCgBnCgCnBoCFiCauF6D2GqEyBa2BS6BE0BFgDnBgE7B",
  "A flat-topped three":
    "1B-B0V0LyEL0BLsDLqDAkJYhGgIrDiE1DgE4CO4CMyCYoCwB4B-BsBoCYuCC0CRuCboCnBgCzB4B1BwB5BsB9Be_BW_BO_BE1DPxBTtBbzElD",
  "An open four":
    "1BSoW4MbuDlCwMRwCN0CA0DgIDuMpB0INBK4oB6LnBsLX6NjBsKT6I",
  "A five":
    "1BgC2uBgLrGLvFP5FHxDGnBiI5BgJ6DrB4CV-CE6CQ2CcsCyBiC8B0BqCiBwCQ0CD4CPuChBoCrBiC1B2B7BuB9BkBjEsB9BM_BG5BH1BPzBXtEpCtBV",
  "A six":
    "1ByC6nB8KnEqC7C6BjEuDxC2ClBwBhCuD7B-DXkCrBuEToCH0CAwCYwCkBwCuBoCgC4BoCiByCQyCA0CRqCjBoCpB-B3BoBnCWvCAtCZrCnB_BxBxB3BpB9Bb7BL9BD5BI3BMhD0B1C-BlBoBbsBvB8C",
  "A crossed seven":
    "1BakRgP0GfwDL8BF-DEsEDqIhBZyBhEqHzEsJxC4G1CiIjD4JBG8YkiBqP1BqDR",
  "An eight":
    "1B8C8pBgSjDhEjBtBpBnBzBZ1BN7BA1BG7BM5BYvBmBpBwBhB6BJoCQoCgBmCqBiC4B2BiKoI-B-ByBoCoBwCW2CN2CtBwC7BgCtCyB3Cc5CO3CHxCfnCrB7B7BpBpCXtCAxCclCqB9BgDlD0BtBwDlC8CjC4CjCsCpC2B7C2B3E",
  "A hooked nine":
    "1B6C-pB-SvDlFlBlBrBd5BT7BL9BA_BM_BS5BezBqBxBwBpB6BdiCLoCEwCSsCoBmC4B8BsCqB0CY8CNyChBsCxBiChCwBpCuC_EWrCiBwII4CA4CPiFZ6EVmCZgC9B2DnB0BrBuBxBiB1BY1BQ3BG1BDzBLnFlD",
  "A four, or a nine":
    "1BMkV6M_ByJU2H6F8D0HA2H9DBGoqBwLVkOX4cBEkV6MsK9D",
  "A star":
    "1BwByT02BsBvF2B5FiCzFoGnS2ClKiGmZoByEsB2EsCqJS4CrIvIpHhH9DrD3LtJ1CvC8KJoSO0OiB3O-L5EyD7GqFhHkFpC6B",
};

// [name, strokes] of each.
export const samples = Object.entries(DRAWINGS).map(([name, text]) => [name, decode(text)]);
