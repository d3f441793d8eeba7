/** Whatever is thrown, it need be no error. */
throw null;
