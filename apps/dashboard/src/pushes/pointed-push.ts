/** The push that the pointer or the focus is on: what the keys `p` and `r` mean. */
let pointed: string | undefined;

/** Handlers for the element that shows a push. */
export const pointsAt = (id: string) => ({
  onMouseEnter: () => {
    pointed = id;
  },
  onFocus: () => {
    pointed = id;
  },
  onMouseLeave: () => {
    if (pointed === id) pointed = undefined;
  },
});

export const pointedPush = (): string | undefined => pointed;
