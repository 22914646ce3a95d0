/** Something the user can mend; shown without a stack. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
