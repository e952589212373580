import { ActionIcon, Checkbox, Group, Menu, Text, TextInput, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp, IconColumns, IconFilter, IconSearch } from '@tabler/icons-react';
import {
  flexRender, getCoreRowModel, getFilteredRowModel, getSortedRowModel, useReactTable, type ColumnDef, type ColumnFiltersState, type RowSelectionState, type Row as TableRow, type SortingState,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useDeferredValue, useMemo, useRef, useState, type ReactNode } from 'react';

export interface Column<T> {
  id: string;
  header: string;
  /** What the column is sorted and searched by. */
  value: (row: T) => string | number;
  /** What is shown; the value itself where absent. */
  cell?: (row: T) => ReactNode;
  /** Share of the width, as in a grid; default 1fr. */
  width?: string;
  /** Shown only to people who choose it. */
  isOptional?: boolean;
}

interface Properties<T> {
  label: string;
  rows: readonly T[];
  columns: Column<T>[];
  rowId: (row: T) => string;
  height?: number | string;
  initialSort?: SortingState;
  /** Rows can be ticked; the actions for them stand above the table. */
  actions?: (selected: T[], clear: () => void) => ReactNode;
  /** More rows are on their way. */
  isGrowing?: boolean;
  /** Height of a row in pixels, where pictures need more than text. */
  rowHeight?: number;
  /** People may choose columns, which is kept for the table of this name, and filter by each. */
  choosable?: string;
}

const usualRowHeight = 41;
const atOnce = 200;

// Shares of the width never become too narrow to read; the table scrolls sideways before that.
const narrowest = 90;

function layoutOf(widths: string[]) {
  const least = widths.reduce((sum, width) => sum + (width.endsWith('px') ? parseInt(width, 10) : narrowest), 0);
  const gapsAndPadding = 16 * (widths.length - 1) + 32;
  return { template: widths.map((width) => (width.endsWith('fr') ? `minmax(${narrowest}px, ${width})` : width)).join(' '), minWidth: least + gapsAndPadding };
}

interface RowProperties<T> {
  row: TableRow<T>;
  index: number;
  start: number;
  height: number;
  template: string;
  canSelect: boolean;
  isSelected: boolean;
  /** The cells are made anew when what makes them has changed. */
  columns: readonly Column<T>[];
}

function RowOf<T>({ row, index, start, height, template, canSelect, isSelected, columns }: RowProperties<T>) {
  return (
    <div
      role="row" className="tableRow" aria-rowindex={index + 2} aria-selected={canSelect ? isSelected : undefined}
      style={{ gridTemplateColumns: template, position: 'absolute', top: 0, left: 0, right: 0, height, transform: `translateY(${start}px)` }}
    >
      {canSelect && (
        <div role="cell">
          <Checkbox size="xs" aria-label={`Choose row ${index + 1}`} checked={isSelected} onChange={row.getToggleSelectedHandler()} />
        </div>
      )}
      {/* Called, not taken as components: those would be others with every change of the columns, and an open menu or the focus within would be lost. */}
      {columns.map((column) => (
        <div role="cell" key={column.id} className="tableCell">
          {column.cell?.(row.original) ?? String(column.value(row.original))}
        </div>
      ))}
    </div>
  );
}

// While people scroll, only the rows that come into sight are made.
const RowView = memo(RowOf) as typeof RowOf;

/** A table of any length: only the rows in sight are in the page. */
export function DataTable<T>({ label, rows: given, columns: all, rowId, height = 'calc(100vh - 290px)', initialSort = [], actions, isGrowing, rowHeight = usualRowHeight, choosable }: Properties<T>) {
  // A long table is sorted behind what is shown already: its first rows at once, all of them a moment later.
  const rows = useDeferredValue(given, useMemo(() => given.slice(0, atOnce), []));
  const [sorting, setSorting] = useState<SortingState>(initialSort);
  const [search, setSearch] = useState('');
  const [selection, setSelection] = useState<RowSelectionState>({});
  const [filters, setFilters] = useState<ColumnFiltersState>([]);
  const [isFiltering, setIsFiltering] = useState(false);
  const [chosen, setChosen] = useLocalStorage<Record<string, boolean>>({ key: `columns-${choosable ?? ''}`, defaultValue: {}, getInitialValueInEffect: false });
  const columns = useMemo(() => all.filter((c) => (choosable === undefined ? !c.isOptional : (chosen[c.id] ?? !c.isOptional))), [all, choosable, chosen]);
  const definitions = useMemo<ColumnDef<T>[]>(
    () => columns.map((c) => ({ id: c.id, header: c.header, accessorFn: c.value, filterFn: 'includesString' })),
    [columns],
  );
  const table = useReactTable({
    data: rows as T[],
    columns: definitions,
    state: { sorting, globalFilter: search, rowSelection: selection, columnFilters: filters },
    getRowId: rowId,
    onSortingChange: setSorting,
    onColumnFiltersChange: setFilters,
    onRowSelectionChange: setSelection,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
    globalFilterFn: 'includesString',
    enableRowSelection: !!actions,
  });
  const shown = table.getRowModel().rows;
  const scroll = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({ count: shown.length, getScrollElement: () => scroll.current, estimateSize: () => rowHeight, overscan: 12 });
  const { template, minWidth } = layoutOf([...(actions ? ['28px'] : []), ...columns.map((c) => c.width ?? '1fr')]);
  const selected = table.getSelectedRowModel().rows.map((r) => r.original);

  return (
    <>
      <Group mb="xs" justify="space-between">
        <Group gap="xs">
          <TextInput
            aria-label={`Search in ${label.toLowerCase()}`} placeholder="Search in this table" leftSection={<IconSearch size={16} />} value={search}
            onChange={(e) => setSearch(e.currentTarget.value)} w={260}
          />
          {choosable !== undefined && (
            <>
              <ActionIcon
                variant={isFiltering ? 'filled' : 'default'} size="lg" aria-label="Filter by column" aria-pressed={isFiltering}
                onClick={() => { setIsFiltering(!isFiltering); setFilters([]); }}
              >
                <IconFilter size={16} />
              </ActionIcon>
              <Menu closeOnItemClick={false} position="bottom-start">
                <Menu.Target><ActionIcon variant="default" size="lg" aria-label="Choose columns"><IconColumns size={16} /></ActionIcon></Menu.Target>
                <Menu.Dropdown>
                  {all.filter((c) => c.header).map((c) => (
                    <Menu.CheckboxItem key={c.id} checked={columns.includes(c)} onChange={(isShown) => setChosen({ ...chosen, [c.id]: isShown })}>{c.header}</Menu.CheckboxItem>
                  ))}
                </Menu.Dropdown>
              </Menu>
            </>
          )}
        </Group>
        <Group gap="sm">
          {actions && selected.length > 0 && actions(selected, () => setSelection({}))}
          <Text size="sm" c="dimmed" aria-live="polite">
            {selected.length > 0 ? `${selected.length} of ` : ''}
            {shown.length.toLocaleString('en-GB')} {shown.length === 1 ? 'row' : 'rows'}
            {isGrowing ? ', more on the way' : ''}
          </Text>
        </Group>
      </Group>
      <div ref={scroll} className="tableScroll" style={{ maxHeight: height }} role="table" aria-label={label} aria-rowcount={shown.length + 1} tabIndex={0}>
        <div role="rowgroup" className="tableHead" style={{ minWidth }}>
          <div role="row" className="tableRow" style={{ gridTemplateColumns: template }} aria-rowindex={1}>
            {actions && (
              <div role="columnheader">
                <Checkbox
                  size="xs" aria-label="Choose all rows" checked={table.getIsAllRowsSelected()} indeterminate={table.getIsSomeRowsSelected()}
                  onChange={table.getToggleAllRowsSelectedHandler()}
                />
              </div>
            )}
            {table.getFlatHeaders().map((header) => {
              const sorted = header.column.getIsSorted();
              return (
                <div role="columnheader" key={header.id} aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'} className="tableCell">
                  {/* Columns without a name hold actions; there is nothing to sort by. */}
                  {header.column.columnDef.header === '' ? <VisuallyHidden>Actions</VisuallyHidden> : <UnstyledButton onClick={header.column.getToggleSortingHandler()} fw={600} fz="sm">
                    <Group gap={4} wrap="nowrap">
                      {flexRender(header.column.columnDef.header, header.getContext())}
                      {sorted === 'asc' && <IconArrowUp size={14} aria-hidden />}
                      {sorted === 'desc' && <IconArrowDown size={14} aria-hidden />}
                    </Group>
                  </UnstyledButton>}
                </div>
              );
            })}
          </div>
          {isFiltering && (
            <div role="row" className="tableRow" style={{ gridTemplateColumns: template }}>
              {actions && <div role="cell" />}
              {table.getFlatHeaders().map((header) => (
                <div role="cell" key={header.id}>
                  {header.column.columnDef.header !== '' && (
                    <TextInput size="xs" aria-label={`Filter by ${String(header.column.columnDef.header)}`} value={(header.column.getFilterValue() as string | undefined) ?? ''} onChange={(e) => header.column.setFilterValue(e.currentTarget.value)} />
                  )}
                </div>
              ))}
            </div>
          )}
        </div>
        <div role="rowgroup" style={{ minWidth, height: virtualizer.getTotalSize(), position: 'relative' }}>
          {virtualizer.getVirtualItems().map((place) => {
            const row = shown[place.index]!;
            return <RowView key={row.id} row={row} index={place.index} start={place.start} height={rowHeight} template={template} canSelect={!!actions} isSelected={row.getIsSelected()} columns={columns} />;
          })}
        </div>
      </div>
    </>
  );
}
