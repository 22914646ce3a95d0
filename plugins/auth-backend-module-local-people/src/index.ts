export { authModuleLocalPeople as default } from './module';
