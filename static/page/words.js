// Whole numbers in words, for screen readers.

const ONES = [
  "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
  "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
];
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES = ["", " thousand", " million", " billion"];
const ORDINALS = [
  "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
];

// The words for up to 12 digits; digit by digit where the first of several is a zero.
export function inWords(digits) {
  if (digits[0] === "0") return [...digits].map((digit) => ONES[digit]).join(" ");
  const groups = [];
  for (let rest = Number(digits), scale = 0; rest > 0; rest = Math.floor(rest / 1000), scale++) {
    if (rest % 1000) groups.unshift(belowThousand(rest % 1000) + SCALES[scale]);
  }
  const last = Number(digits.slice(-3));
  if (groups.length > 1 && last > 0 && last < 100) groups.splice(-1, 0, "and");
  return groups.join(" ");
}

// "first" for the place 0, up to "twelfth".
export function ordinal(place) {
  return ORDINALS[place];
}

function belowThousand(number) {
  const hundreds = Math.floor(number / 100), rest = number % 100;
  return [hundreds && `${ONES[hundreds]} hundred`, rest && belowHundred(rest)].filter(Boolean).join(" and ");
}

function belowHundred(number) {
  if (number < ONES.length) return ONES[number];
  return TENS[Math.floor(number / 10)] + (number % 10 ? `-${ONES[number % 10]}` : "");
}
