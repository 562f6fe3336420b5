import { Title } from "@mantine/core";

type Props = { title: string; aside?: React.ReactNode; children: React.ReactNode; flush?: boolean; order?: 2 | 3 };

/** A titled surface; `flush` leaves the padding to its rows. */
export function Section({ title, aside, children, flush, order = 2 }: Props) {
  return (
    <section className="surface" aria-label={title}>
      <header>
        <Title order={order} size="h3">{title}</Title>
        {aside}
      </header>
      {flush ? children : <div className="body">{children}</div>}
    </section>
  );
}
