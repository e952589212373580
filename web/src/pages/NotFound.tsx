import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { Empty } from '../components/Empty';
import { PageHeading } from '../components/PageHeading';

export function NotFound() {
  return (
    <>
      <PageHeading title="Nothing here" />
      <Empty title="There is no page at this address" action={<Button component={Link} to="/" mt="sm">Go home</Button>}>
        It may have been moved or deleted, or the address was mistyped.
      </Empty>
    </>
  );
}
