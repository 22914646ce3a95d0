import { Route, Routes } from 'react-router-dom';
import { planRouteRef, runRouteRef } from '../routes';
import { RecoveryHome } from './home/RecoveryHome';
import { PlanPage } from './plan/PlanPage';
import { RunPage } from './run/RunPage';

/** Everything below `/recovery`. */
export const RecoveryPage = () => (
  <Routes>
    <Route path="/" element={<RecoveryHome />} />
    <Route path={runRouteRef.path} element={<RunPage />} />
    <Route path={planRouteRef.path} element={<PlanPage />} />
  </Routes>
);
