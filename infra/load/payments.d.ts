export function payment(accounts: readonly string[], random: () => number, id: string): { path: string; headers: Record<string, string>; body: string };
