import { useParams } from 'react-router-dom';
import { PageBody } from '../shared/Layout';
import { SloDetailView } from './SloDetailView';

export function SloDetailPage() {
  const { id = '' } = useParams();
  return (
    <PageBody>
      <SloDetailView id={id} />
    </PageBody>
  );
}
