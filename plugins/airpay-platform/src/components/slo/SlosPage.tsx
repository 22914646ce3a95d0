import { Route, Routes } from 'react-router-dom';
import { SloDetailPage } from './SloDetailPage';
import { SloListPage } from './SloListPage';

export function SlosPage() {
  return (
    <Routes>
      <Route path="/" element={<SloListPage />} />
      <Route path="/:id" element={<SloDetailPage />} />
    </Routes>
  );
}
