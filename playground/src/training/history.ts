// What steps have reported, thinned out so that a run of any length is drawn at once.

/** More points than this are halved: of neighbours the mean is kept. */
const most = 4000;

export class History {
  reports: readonly string[] = [];
  /** Numbers of steps, and one array of values for each report. */
  steps: number[] = [];
  values: number[][] = [];
  private each = 1;
  private pending: { count: number; sums: number[] } = { count: 0, sums: [] };

  begin(reports: readonly string[]): void {
    this.clear();
    this.reports = reports;
    this.values = reports.map(() => []);
  }

  clear(): void {
    [this.reports, this.steps, this.values, this.each] = [[], [], [], 1];
    this.pending = { count: 0, sums: [] };
  }

  add(steps: readonly number[], values: readonly (readonly number[])[]): void {
    steps.forEach((step, i) => {
      const { pending } = this;
      pending.count++;
      pending.sums = values.map((of, r) => (pending.sums[r] ?? 0) + of[i]);
      if (pending.count < this.each) return;
      this.steps.push(step);
      pending.sums.forEach((sum, r) => this.values[r].push(sum / pending.count));
      this.pending = { count: 0, sums: [] };
      if (this.steps.length > most) this.halve();
    });
  }

  private halve(): void {
    this.each *= 2;
    const pairs = Math.floor(this.steps.length / 2);
    this.steps = Array.from({ length: pairs }, (_, i) => this.steps[2 * i + 1]);
    this.values = this.values.map((of) => Array.from({ length: pairs }, (_, i) => (of[2 * i] + of[2 * i + 1]) / 2));
  }
}
