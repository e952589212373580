import { QuarantineTable } from '../../components/quarantine/QuarantineTable';

/** Everything that could not be de-identified. */
export function Quarantine() {
  return <QuarantineTable />;
}
