/**
 * Points: how improbable something is for a person, as −10·log10 of its chance on one of their days. 10 points are one day in ten, 20 one in a
 * hundred, 30 one in a thousand.
 */

/** Days of people have heavy tails: a normal distribution would call every busy day impossible. */
export function pointsOfDeviation(deviation: number): number {
  if (deviation <= 0) return 0
  return -10 * Math.log10(tailOfT6(deviation))
}

/** The same for what has light tails. */
export function pointsOfLightDeviation(deviation: number): number {
  if (deviation <= 0) return 0
  return -10 * Math.log10(tailOfNormal(deviation))
}

export function pointsOfChance(chance: number): number {
  return chance >= 1 ? 0 : -10 * Math.log10(Math.max(chance, 1e-6))
}

/** P(T > t) for Student's t with six degrees of freedom, in closed form (Abramowitz and Stegun 1964, 26.7.4). */
export function tailOfT6(t: number): number {
  const square = t * t
  // For large t the closed form cancels; the tail is 33.75·t⁻⁶ there.
  if (t > 60) return 33.75 / t ** 6
  const cosine2 = 6 / (6 + square)
  return 0.5 - 0.5 * (t / Math.sqrt(6 + square)) * (1 + cosine2 / 2 + (3 * cosine2 * cosine2) / 8)
}

/**
 * A cumulative sum of independent normal days with the slack k stands at `sum` or above with a chance near e^(−2·k·sum) (Siegmund 1985,
 * "Sequential Analysis"), which is 5.2 points for each unit at k = 0.6. Days of people are neither independent nor normal, so `pointsPerUnit`
 * is measured for each sum (score.ts).
 */
export function pointsOfSum(sum: number, pointsPerUnit: number): number {
  return sum <= 0 ? 0 : pointsPerUnit * sum
}

/** P(Z > z) for the normal distribution and z ≥ 0, within 1.2 per cent of itself (Börjesson and Sundberg 1979). */
export function tailOfNormal(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  return Math.max(Number.MIN_VALUE, density / ((1 - 1 / Math.PI) * z + Math.sqrt(z * z + 2 * Math.PI) / Math.PI))
}
