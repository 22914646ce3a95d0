export { airpayDrPlugin as default } from './plugin';
