export { airpayPlatformPlugin as default } from './plugin';
