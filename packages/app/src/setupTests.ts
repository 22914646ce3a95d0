import '@testing-library/jest-dom';
import { configure } from '@testing-library/react';

// The whole app is drawn; on a busy machine that takes longer than the library's second.
configure({ asyncUtilTimeout: 20_000 });
