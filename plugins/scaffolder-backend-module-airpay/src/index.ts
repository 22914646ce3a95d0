export { scaffolderModuleAirpay as default } from './module';
