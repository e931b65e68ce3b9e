/** Points: −10·log10 of a chance on one of a person's days. 20 points are one day in a hundred. */

/** Days of people have heavy tails, and a normal distribution has none. */
export function pointsOfDeviation(deviation: number): number {
  if (deviation <= 0) return 0
  return -10 * Math.log10(tailOfT6(deviation))
}

export function pointsOfLightDeviation(deviation: number): number {
  if (deviation <= 0) return 0
  return -10 * Math.log10(tailOfNormal(deviation))
}

export function pointsOfChance(chance: number): number {
  return chance >= 1 ? 0 : -10 * Math.log10(Math.max(chance, 1e-6))
}

/** P(T > t) for Student's t with six degrees of freedom (Abramowitz and Stegun 1964, 26.7.4). */
export function tailOfT6(t: number): number {
  const square = t * t
  // The closed form cancels for large t.
  if (t > 60) return 33.75 / t ** 6
  const cosine2 = 6 / (6 + square)
  return 0.5 - 0.5 * (t / Math.sqrt(6 + square)) * (1 + cosine2 / 2 + (3 * cosine2 * cosine2) / 8)
}

/**
 * Independent normal days with the slack k reach `sum` with a chance near e^(−2·k·sum) (Siegmund 1985): 5.2 points a unit at k = 0.6. Real days are
 * neither independent nor normal, so `pointsPerUnit` is measured (score.ts).
 */
export function pointsOfSum(sum: number, pointsPerUnit: number): number {
  return sum <= 0 ? 0 : pointsPerUnit * sum
}

/** P(Z > z) for z ≥ 0, within 1.2 per cent (Börjesson and Sundberg 1979). */
export function tailOfNormal(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  return Math.max(Number.MIN_VALUE, density / ((1 - 1 / Math.PI) * z + Math.sqrt(z * z + 2 * Math.PI) / Math.PI))
}
