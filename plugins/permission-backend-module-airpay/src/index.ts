export { permissionModuleAirpay as default } from './module';
