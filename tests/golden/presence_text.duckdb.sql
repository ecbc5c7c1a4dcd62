SELECT
  "masks"."date",
  "masks"."mask",
  COUNT(*) AS "keys"
FROM (
  SELECT
    "merged"."date" AS "date",
    "merged"."key_1" AS "key_1",
    CASE
      WHEN (
        "merged"."key_1" IS NULL
      )
      THEN (
        "merged"."mask" & 384
      ) | (
        (
          "merged"."mask" & 639
        ) << 10
      )
      ELSE "merged"."mask"
    END AS "mask"
  FROM (
    SELECT
      "rows_of_all"."date" AS "date",
      "rows_of_all"."key_1" AS "key_1",
      BIT_OR("rows_of_all"."bit") AS "mask"
    FROM (
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_schedule"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."nbac_schedule"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_schedule"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_schedule"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_schedule"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE('America/New_York', TRY_CAST("nba_raw"."nbac_schedule"."game_date" AS TIMESTAMPTZ)) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        1 AS "bit"
      FROM "nba_raw"."nbac_schedule"
      WHERE
        (
          CASE
            WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_schedule"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
            THEN TRY_CAST("nba_raw"."nbac_schedule"."game_date" AS DATE)
            WHEN REGEXP_FULL_MATCH(
              "nba_raw"."nbac_schedule"."game_date",
              '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
            )
            THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_schedule"."game_date", 1, 10) AS DATE)
            WHEN REGEXP_FULL_MATCH(
              "nba_raw"."nbac_schedule"."game_date",
              '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
            )
            THEN CAST(TIMEZONE('America/New_York', TRY_CAST("nba_raw"."nbac_schedule"."game_date" AS TIMESTAMPTZ)) AS DATE)
          END BETWEEN '2025-01-01' AND '2025-01-31'
          OR CASE
            WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_schedule"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
            THEN TRY_CAST("nba_raw"."nbac_schedule"."game_date" AS DATE)
            WHEN REGEXP_FULL_MATCH(
              "nba_raw"."nbac_schedule"."game_date",
              '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
            )
            THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_schedule"."game_date", 1, 10) AS DATE)
            WHEN REGEXP_FULL_MATCH(
              "nba_raw"."nbac_schedule"."game_date",
              '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
            )
            THEN CAST(TIMEZONE('America/New_York', TRY_CAST("nba_raw"."nbac_schedule"."game_date" AS TIMESTAMPTZ)) AS DATE)
          END IS NULL
        )
        AND (
          "nba_raw"."nbac_schedule"."game_id" IS NULL
          OR "nba_raw"."nbac_schedule"."game_id" NOT LIKE '003%'
        )
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."bdl_player_boxscores"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."bdl_player_boxscores"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."bdl_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."bdl_player_boxscores"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."bdl_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."bdl_player_boxscores"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        2 AS "bit"
      FROM "nba_raw"."bdl_player_boxscores"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."bdl_player_boxscores"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."bdl_player_boxscores"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."bdl_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."bdl_player_boxscores"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."bdl_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."bdl_player_boxscores"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."bdl_player_boxscores"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."bdl_player_boxscores"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."bdl_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."bdl_player_boxscores"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."bdl_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."bdl_player_boxscores"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_gamebook_player_stats"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."nbac_gamebook_player_stats"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_gamebook_player_stats"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_gamebook_player_stats"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_gamebook_player_stats"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."nbac_gamebook_player_stats"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        4 AS "bit"
      FROM "nba_raw"."nbac_gamebook_player_stats"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_gamebook_player_stats"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."nbac_gamebook_player_stats"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_gamebook_player_stats"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_gamebook_player_stats"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_gamebook_player_stats"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."nbac_gamebook_player_stats"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_gamebook_player_stats"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."nbac_gamebook_player_stats"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_gamebook_player_stats"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_gamebook_player_stats"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_gamebook_player_stats"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."nbac_gamebook_player_stats"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_player_boxscores"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."nbac_player_boxscores"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_player_boxscores"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."nbac_player_boxscores"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        8 AS "bit"
      FROM "nba_raw"."nbac_player_boxscores"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_player_boxscores"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."nbac_player_boxscores"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_player_boxscores"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."nbac_player_boxscores"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH("nba_raw"."nbac_player_boxscores"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_raw"."nbac_player_boxscores"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_raw"."nbac_player_boxscores"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_raw"."nbac_player_boxscores"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_raw"."nbac_player_boxscores"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH("nba_analytics"."player_game_summary"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_analytics"."player_game_summary"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."player_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_analytics"."player_game_summary"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."player_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_analytics"."player_game_summary"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        16 AS "bit"
      FROM "nba_analytics"."player_game_summary"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH("nba_analytics"."player_game_summary"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_analytics"."player_game_summary"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."player_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_analytics"."player_game_summary"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."player_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_analytics"."player_game_summary"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH("nba_analytics"."player_game_summary"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_analytics"."player_game_summary"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."player_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_analytics"."player_game_summary"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."player_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_analytics"."player_game_summary"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_analytics"."team_defense_game_summary"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_analytics"."team_defense_game_summary"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_analytics"."team_defense_game_summary"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        32 AS "bit"
      FROM "nba_analytics"."team_defense_game_summary"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_analytics"."team_defense_game_summary"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_analytics"."team_defense_game_summary"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_analytics"."team_defense_game_summary"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_analytics"."team_defense_game_summary"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_analytics"."team_defense_game_summary"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_analytics"."team_defense_game_summary"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_analytics"."team_defense_game_summary"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_precompute"."player_composite_factors"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."player_composite_factors"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."player_composite_factors"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        64 AS "bit"
      FROM "nba_precompute"."player_composite_factors"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_precompute"."player_composite_factors"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."player_composite_factors"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."player_composite_factors"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_precompute"."player_composite_factors"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."player_composite_factors"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_composite_factors"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."player_composite_factors"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_precompute"."team_defense_zone_analysis"."analysis_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."team_defense_zone_analysis"."analysis_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."team_defense_zone_analysis"."analysis_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        NULL AS "key_1",
        128 AS "bit"
      FROM "nba_precompute"."team_defense_zone_analysis"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_precompute"."team_defense_zone_analysis"."analysis_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."team_defense_zone_analysis"."analysis_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."team_defense_zone_analysis"."analysis_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
          )
          THEN TRY_CAST("nba_precompute"."team_defense_zone_analysis"."analysis_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."team_defense_zone_analysis"."analysis_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."team_defense_zone_analysis"."analysis_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."team_defense_zone_analysis"."analysis_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH("nba_precompute"."player_daily_cache"."cache_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_precompute"."player_daily_cache"."cache_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_daily_cache"."cache_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."player_daily_cache"."cache_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_daily_cache"."cache_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."player_daily_cache"."cache_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        NULL AS "key_1",
        256 AS "bit"
      FROM "nba_precompute"."player_daily_cache"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH("nba_precompute"."player_daily_cache"."cache_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_precompute"."player_daily_cache"."cache_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_daily_cache"."cache_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."player_daily_cache"."cache_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_daily_cache"."cache_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."player_daily_cache"."cache_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH("nba_precompute"."player_daily_cache"."cache_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_precompute"."player_daily_cache"."cache_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_daily_cache"."cache_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_precompute"."player_daily_cache"."cache_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_precompute"."player_daily_cache"."cache_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_precompute"."player_daily_cache"."cache_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
      UNION ALL
      SELECT
        CASE
          WHEN REGEXP_FULL_MATCH("nba_predictions"."prediction_accuracy"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_predictions"."prediction_accuracy"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_predictions"."prediction_accuracy"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_predictions"."prediction_accuracy"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_predictions"."prediction_accuracy"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_predictions"."prediction_accuracy"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END AS "date",
        CASE
          WHEN (
            (
              CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        512 AS "bit"
      FROM "nba_predictions"."prediction_accuracy"
      WHERE
        CASE
          WHEN REGEXP_FULL_MATCH("nba_predictions"."prediction_accuracy"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_predictions"."prediction_accuracy"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_predictions"."prediction_accuracy"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_predictions"."prediction_accuracy"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_predictions"."prediction_accuracy"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_predictions"."prediction_accuracy"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END BETWEEN '2025-01-01' AND '2025-01-31'
        OR CASE
          WHEN REGEXP_FULL_MATCH("nba_predictions"."prediction_accuracy"."game_date", '[0-9]{4}-[0-9]{2}-[0-9]{2}')
          THEN TRY_CAST("nba_predictions"."prediction_accuracy"."game_date" AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_predictions"."prediction_accuracy"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
          )
          THEN TRY_CAST(SUBSTRING("nba_predictions"."prediction_accuracy"."game_date", 1, 10) AS DATE)
          WHEN REGEXP_FULL_MATCH(
            "nba_predictions"."prediction_accuracy"."game_date",
            '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))'
          )
          THEN CAST(TIMEZONE(
            'America/New_York',
            TRY_CAST("nba_predictions"."prediction_accuracy"."game_date" AS TIMESTAMPTZ)
          ) AS DATE)
        END IS NULL
    ) AS "rows_of_all"
    GROUP BY
      "rows_of_all"."date",
      "rows_of_all"."key_1"
  ) AS "merged"
) AS "masks"
GROUP BY
  "masks"."date",
  "masks"."mask"
