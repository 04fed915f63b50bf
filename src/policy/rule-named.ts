/** The rule that was written under a name. A server may ask for `constructor`, which every object has. */
export function ruleNamed<Rule>(
  rules: Readonly<Record<string, Rule>> | undefined,
  name: string,
): Rule | undefined {
  return rules !== undefined && Object.hasOwn(rules, name) ? rules[name] : undefined
}
