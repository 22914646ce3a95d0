/** The sign alone, 24 px, for the closed side bar. */
export const LogoSign = () => (
  <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="7" fill="#0f5c4d" />
    <path
      d="M7 23 16 7l9 16"
      fill="none"
      stroke="#fff"
      strokeWidth="3.2"
      strokeLinecap="round"
      strokeLinejoin="round"
    />
    <path d="M11.5 19h9" fill="none" stroke="#7ee0c3" strokeWidth="3.2" strokeLinecap="round" />
  </svg>
);

/** Sign and name; the name takes the colour of the text around it. */
export const Logo = () => (
  <span style={{ display: 'inline-flex', alignItems: 'center', gap: 12 }}>
    <LogoSign />
    <span style={{ fontSize: 18, fontWeight: 600, letterSpacing: '-0.01em' }}>Airpay</span>
  </span>
);
