SELECT
  "masks"."date",
  "masks"."word_1",
  "masks"."word_2",
  COUNT(*) AS "keys",
  MIN("masks"."first_written_4") AS "first_written_4",
  MAX("masks"."last_written_4") AS "last_written_4",
  MIN("masks"."first_written_2") AS "first_written_2",
  MAX("masks"."last_written_2") AS "last_written_2",
  MIN("masks"."first_written_1") AS "first_written_1",
  MAX("masks"."last_written_1") AS "last_written_1",
  MIN("masks"."first_written_5") AS "first_written_5",
  MAX("masks"."last_written_5") AS "last_written_5",
  MIN("masks"."first_written_6") AS "first_written_6",
  MAX("masks"."last_written_6") AS "last_written_6",
  MIN("masks"."first_written_7") AS "first_written_7",
  MAX("masks"."last_written_7") AS "last_written_7",
  MIN("masks"."first_written_8") AS "first_written_8",
  MAX("masks"."last_written_8") AS "last_written_8",
  MIN("masks"."first_written_9") AS "first_written_9",
  MAX("masks"."last_written_9") AS "last_written_9",
  SUM("masks"."rows_of_3") AS "rows_of_3",
  SUM("masks"."rows_of_6") AS "rows_of_6",
  SUM("masks"."rows_of_9") AS "rows_of_9",
  SUM("masks"."rows_of_12") AS "rows_of_12",
  SUM("masks"."rows_of_20") AS "rows_of_20",
  SUM("masks"."rows_of_23") AS "rows_of_23",
  SUM("masks"."rows_of_26") AS "rows_of_26"
FROM (
  SELECT
    "merged"."date" AS "date",
    "merged"."key_1" AS "key_1",
    CASE
      WHEN (
        "merged"."key_1" IS NULL
      )
      THEN (
        "merged"."word_1" & 2147483008
      ) | (
        (
          "merged"."word_1" & 639
        ) << 31
      )
      ELSE "merged"."word_1"
    END AS "word_1",
    "merged"."word_2" AS "word_2",
    "merged"."first_written_4" AS "first_written_4",
    "merged"."last_written_4" AS "last_written_4",
    "merged"."first_written_2" AS "first_written_2",
    "merged"."last_written_2" AS "last_written_2",
    "merged"."first_written_1" AS "first_written_1",
    "merged"."last_written_1" AS "last_written_1",
    "merged"."first_written_5" AS "first_written_5",
    "merged"."last_written_5" AS "last_written_5",
    "merged"."first_written_6" AS "first_written_6",
    "merged"."last_written_6" AS "last_written_6",
    "merged"."first_written_7" AS "first_written_7",
    "merged"."last_written_7" AS "last_written_7",
    "merged"."first_written_8" AS "first_written_8",
    "merged"."last_written_8" AS "last_written_8",
    "merged"."first_written_9" AS "first_written_9",
    "merged"."last_written_9" AS "last_written_9",
    "merged"."rows_of_3" AS "rows_of_3",
    "merged"."rows_of_6" AS "rows_of_6",
    "merged"."rows_of_9" AS "rows_of_9",
    "merged"."rows_of_12" AS "rows_of_12",
    "merged"."rows_of_20" AS "rows_of_20",
    "merged"."rows_of_23" AS "rows_of_23",
    "merged"."rows_of_26" AS "rows_of_26"
  FROM (
    SELECT
      "rows_of_all"."date" AS "date",
      "rows_of_all"."key_1" AS "key_1",
      CAST(BIT_OR("rows_of_all"."word_1") AS BIGINT) AS "word_1",
      CAST(BIT_OR("rows_of_all"."word_2") AS BIGINT) AS "word_2",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 4
      ) THEN "rows_of_all"."first_written" END) AS "first_written_4",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 4
      ) THEN "rows_of_all"."last_written" END) AS "last_written_4",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 2
      ) THEN "rows_of_all"."first_written" END) AS "first_written_2",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 2
      ) THEN "rows_of_all"."last_written" END) AS "last_written_2",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 1
      ) THEN "rows_of_all"."first_written" END) AS "first_written_1",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 1
      ) THEN "rows_of_all"."last_written" END) AS "last_written_1",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 5
      ) THEN "rows_of_all"."first_written" END) AS "first_written_5",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 5
      ) THEN "rows_of_all"."last_written" END) AS "last_written_5",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 6
      ) THEN "rows_of_all"."first_written" END) AS "first_written_6",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 6
      ) THEN "rows_of_all"."last_written" END) AS "last_written_6",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 7
      ) THEN "rows_of_all"."first_written" END) AS "first_written_7",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 7
      ) THEN "rows_of_all"."last_written" END) AS "last_written_7",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 8
      ) THEN "rows_of_all"."first_written" END) AS "first_written_8",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 8
      ) THEN "rows_of_all"."last_written" END) AS "last_written_8",
      MIN(CASE WHEN (
        "rows_of_all"."arm" = 9
      ) THEN "rows_of_all"."first_written" END) AS "first_written_9",
      MAX(CASE WHEN (
        "rows_of_all"."arm" = 9
      ) THEN "rows_of_all"."last_written" END) AS "last_written_9",
      SUM(CASE WHEN (
        "rows_of_all"."arm" = 1
      ) THEN "rows_of_all"."rows_of_3" END) AS "rows_of_3",
      SUM(CASE WHEN (
        "rows_of_all"."arm" = 2
      ) THEN "rows_of_all"."rows_of_6" END) AS "rows_of_6",
      SUM(CASE WHEN (
        "rows_of_all"."arm" = 3
      ) THEN "rows_of_all"."rows_of_9" END) AS "rows_of_9",
      SUM(CASE WHEN (
        "rows_of_all"."arm" = 4
      ) THEN "rows_of_all"."rows_of_12" END) AS "rows_of_12",
      SUM(CASE WHEN (
        "rows_of_all"."arm" = 6
      ) THEN "rows_of_all"."rows_of_20" END) AS "rows_of_20",
      SUM(CASE WHEN (
        "rows_of_all"."arm" = 8
      ) THEN "rows_of_all"."rows_of_23" END) AS "rows_of_23",
      SUM(CASE WHEN (
        "rows_of_all"."arm" = 9
      ) THEN "rows_of_all"."rows_of_26" END) AS "rows_of_26"
    FROM (
      SELECT
        "rows_of_nbac_schedule"."date" AS "date",
        "rows_of_nbac_schedule"."key_1" AS "key_1",
        0 AS "arm",
        1 AS "word_1",
        CASE WHEN (
          COUNT(*) > 1
        ) THEN 1 ELSE 0 END AS "word_2",
        NULL AS "first_written",
        NULL AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_raw"."nbac_schedule"."game_date") AS DATE) AS "date",
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
          END AS "key_1"
        FROM "nba_raw"."nbac_schedule"
        WHERE
          (
            "nba_raw"."nbac_schedule"."game_date" >= '2025-01-01 00:00:00-05:00'
            AND "nba_raw"."nbac_schedule"."game_date" < '2025-02-01 00:00:00-05:00'
            OR "nba_raw"."nbac_schedule"."game_date" IS NULL
          )
          AND (
            "nba_raw"."nbac_schedule"."game_id" IS NULL
            OR "nba_raw"."nbac_schedule"."game_id" NOT LIKE '003%'
          )
          AND "nba_raw"."nbac_schedule"."game_status" = 'Final'
      ) AS "rows_of_nbac_schedule"
      GROUP BY
        "rows_of_nbac_schedule"."date",
        "rows_of_nbac_schedule"."key_1"
      UNION ALL
      SELECT
        "rows_of_bdl_player_boxscores"."date" AS "date",
        "rows_of_bdl_player_boxscores"."key_1" AS "key_1",
        1 AS "arm",
        2 AS "word_1",
        CASE WHEN (
          COUNT(*) > 40 OR COUNT(*) < 15
        ) THEN 2 ELSE 0 END + CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_bdl_player_boxscores"."fact_2")) < COUNT("rows_of_bdl_player_boxscores"."fact_2")
          )
          THEN 4
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_bdl_player_boxscores"."fact_3" THEN 1 END) > 0
          )
          THEN 8
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_bdl_player_boxscores"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_bdl_player_boxscores"."last_written" END) AS "last_written",
        COUNT(CASE WHEN "rows_of_bdl_player_boxscores"."fact_3" THEN 1 END) AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_raw"."bdl_player_boxscores"."game_date") AS DATE) AS "date",
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
          "nba_raw"."bdl_player_boxscores"."player_id" AS "fact_2",
          "nba_raw"."bdl_player_boxscores"."points" IS NULL AS "fact_3",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_raw"."bdl_player_boxscores"."loaded_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_raw"."bdl_player_boxscores"."loaded_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_raw"."bdl_player_boxscores"
        WHERE
          "nba_raw"."bdl_player_boxscores"."game_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_raw"."bdl_player_boxscores"."game_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_raw"."bdl_player_boxscores"."game_date" IS NULL
      ) AS "rows_of_bdl_player_boxscores"
      GROUP BY
        "rows_of_bdl_player_boxscores"."date",
        "rows_of_bdl_player_boxscores"."key_1"
      UNION ALL
      SELECT
        "rows_of_nbac_gamebook_player_stats"."date" AS "date",
        "rows_of_nbac_gamebook_player_stats"."key_1" AS "key_1",
        2 AS "arm",
        4 AS "word_1",
        CASE WHEN (
          COUNT(*) > 40 OR COUNT(*) < 15
        ) THEN 16 ELSE 0 END + CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_nbac_gamebook_player_stats"."fact_5")) < COUNT("rows_of_nbac_gamebook_player_stats"."fact_5")
          )
          THEN 32
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_nbac_gamebook_player_stats"."fact_6" THEN 1 END) > 0
          )
          THEN 64
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_nbac_gamebook_player_stats"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_nbac_gamebook_player_stats"."last_written" END) AS "last_written",
        NULL AS "rows_of_3",
        COUNT(CASE WHEN "rows_of_nbac_gamebook_player_stats"."fact_6" THEN 1 END) AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_raw"."nbac_gamebook_player_stats"."game_date") AS DATE) AS "date",
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
          "nba_raw"."nbac_gamebook_player_stats"."player_id" AS "fact_5",
          "nba_raw"."nbac_gamebook_player_stats"."points" IS NULL AS "fact_6",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_raw"."nbac_gamebook_player_stats"."loaded_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_raw"."nbac_gamebook_player_stats"."loaded_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_raw"."nbac_gamebook_player_stats"
        WHERE
          "nba_raw"."nbac_gamebook_player_stats"."game_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_raw"."nbac_gamebook_player_stats"."game_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_raw"."nbac_gamebook_player_stats"."game_date" IS NULL
      ) AS "rows_of_nbac_gamebook_player_stats"
      GROUP BY
        "rows_of_nbac_gamebook_player_stats"."date",
        "rows_of_nbac_gamebook_player_stats"."key_1"
      UNION ALL
      SELECT
        "rows_of_nbac_player_boxscores"."date" AS "date",
        "rows_of_nbac_player_boxscores"."key_1" AS "key_1",
        3 AS "arm",
        8 AS "word_1",
        CASE WHEN (
          COUNT(*) > 40 OR COUNT(*) < 15
        ) THEN 128 ELSE 0 END + CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_nbac_player_boxscores"."fact_8")) < COUNT("rows_of_nbac_player_boxscores"."fact_8")
          )
          THEN 256
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_nbac_player_boxscores"."fact_9" THEN 1 END) > 0
          )
          THEN 512
          ELSE 0
        END AS "word_2",
        NULL AS "first_written",
        NULL AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        COUNT(CASE WHEN "rows_of_nbac_player_boxscores"."fact_9" THEN 1 END) AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_raw"."nbac_player_boxscores"."game_date") AS DATE) AS "date",
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
          "nba_raw"."nbac_player_boxscores"."player_id" AS "fact_8",
          "nba_raw"."nbac_player_boxscores"."points" IS NULL AS "fact_9"
        FROM "nba_raw"."nbac_player_boxscores"
        WHERE
          "nba_raw"."nbac_player_boxscores"."game_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_raw"."nbac_player_boxscores"."game_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_raw"."nbac_player_boxscores"."game_date" IS NULL
      ) AS "rows_of_nbac_player_boxscores"
      GROUP BY
        "rows_of_nbac_player_boxscores"."date",
        "rows_of_nbac_player_boxscores"."key_1"
      UNION ALL
      SELECT
        "rows_of_player_game_summary"."date" AS "date",
        "rows_of_player_game_summary"."key_1" AS "key_1",
        4 AS "arm",
        16 AS "word_1",
        CASE WHEN (
          COUNT(*) > 40 OR COUNT(*) < 15
        ) THEN 1024 ELSE 0 END + CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_player_game_summary"."fact_11")) < COUNT("rows_of_player_game_summary"."fact_11")
          )
          THEN 2048
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_player_game_summary"."fact_12" THEN 1 END) > 0
          )
          THEN 4096
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_player_game_summary"."fact_13" THEN 1 END) > 0
          )
          THEN 8192
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_player_game_summary"."fact_14" THEN 1 END) > 0
          )
          THEN 16384
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_player_game_summary"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_player_game_summary"."last_written" END) AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        COUNT(CASE WHEN "rows_of_player_game_summary"."fact_12" THEN 1 END) AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_analytics"."player_game_summary"."game_date") AS DATE) AS "date",
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
          "nba_analytics"."player_game_summary"."player_id" AS "fact_11",
          "nba_analytics"."player_game_summary"."usage_rate" IS NULL AS "fact_12",
          NOT "nba_analytics"."player_game_summary"."usage_rate" IS NULL
          AND "nba_analytics"."player_game_summary"."usage_rate" < 0
          OR NOT "nba_analytics"."player_game_summary"."usage_rate" IS NULL
          AND "nba_analytics"."player_game_summary"."usage_rate" > 1
          AND "nba_analytics"."player_game_summary"."usage_rate" <= CAST('inf' AS REAL) AS "fact_13",
          NOT "nba_analytics"."player_game_summary"."usage_rate" IS NULL
          AND NOT "nba_analytics"."player_game_summary"."usage_rate" IS NULL AS "fact_14",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_analytics"."player_game_summary"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_analytics"."player_game_summary"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_analytics"."player_game_summary"
        WHERE
          "nba_analytics"."player_game_summary"."game_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_analytics"."player_game_summary"."game_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_analytics"."player_game_summary"."game_date" IS NULL
      ) AS "rows_of_player_game_summary"
      GROUP BY
        "rows_of_player_game_summary"."date",
        "rows_of_player_game_summary"."key_1"
      UNION ALL
      SELECT
        "rows_of_team_defense_game_summary"."date" AS "date",
        "rows_of_team_defense_game_summary"."key_1" AS "key_1",
        5 AS "arm",
        32 AS "word_1",
        CASE WHEN (
          COUNT(*) > 2 OR COUNT(*) < 2
        ) THEN 32768 ELSE 0 END + CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_team_defense_game_summary"."fact_16")) < COUNT("rows_of_team_defense_game_summary"."fact_16")
          )
          THEN 65536
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_team_defense_game_summary"."fact_17" THEN 1 END) > 0
          )
          THEN 131072
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_team_defense_game_summary"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_team_defense_game_summary"."last_written" END) AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_analytics"."team_defense_game_summary"."game_date") AS DATE) AS "date",
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
          "nba_analytics"."team_defense_game_summary"."team" AS "fact_16",
          "nba_analytics"."team_defense_game_summary"."points_allowed" IS NULL AS "fact_17",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_analytics"."team_defense_game_summary"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_analytics"."team_defense_game_summary"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_analytics"."team_defense_game_summary"
        WHERE
          "nba_analytics"."team_defense_game_summary"."game_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_analytics"."team_defense_game_summary"."game_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_analytics"."team_defense_game_summary"."game_date" IS NULL
      ) AS "rows_of_team_defense_game_summary"
      GROUP BY
        "rows_of_team_defense_game_summary"."date",
        "rows_of_team_defense_game_summary"."key_1"
      UNION ALL
      SELECT
        "rows_of_player_composite_factors"."date" AS "date",
        "rows_of_player_composite_factors"."key_1" AS "key_1",
        6 AS "arm",
        64 AS "word_1",
        CASE WHEN (
          COUNT(*) > 40 OR COUNT(*) < 15
        ) THEN 262144 ELSE 0 END + CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_player_composite_factors"."fact_19")) < COUNT("rows_of_player_composite_factors"."fact_19")
          )
          THEN 524288
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_player_composite_factors"."fact_20" THEN 1 END) > 0
          )
          THEN 1048576
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_player_composite_factors"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_player_composite_factors"."last_written" END) AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        COUNT(CASE WHEN "rows_of_player_composite_factors"."fact_20" THEN 1 END) AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_precompute"."player_composite_factors"."game_date") AS DATE) AS "date",
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
          "nba_precompute"."player_composite_factors"."player_id" AS "fact_19",
          "nba_precompute"."player_composite_factors"."fatigue_minutes" IS NULL AS "fact_20",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_precompute"."player_composite_factors"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_precompute"."player_composite_factors"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_precompute"."player_composite_factors"
        WHERE
          "nba_precompute"."player_composite_factors"."game_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_precompute"."player_composite_factors"."game_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_precompute"."player_composite_factors"."game_date" IS NULL
      ) AS "rows_of_player_composite_factors"
      GROUP BY
        "rows_of_player_composite_factors"."date",
        "rows_of_player_composite_factors"."key_1"
      UNION ALL
      SELECT
        "rows_of_team_defense_zone_analysis"."date" AS "date",
        NULL AS "key_1",
        7 AS "arm",
        128 AS "word_1",
        CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_team_defense_zone_analysis"."fact_21")) < COUNT("rows_of_team_defense_zone_analysis"."fact_21")
          )
          THEN 2097152
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_team_defense_zone_analysis"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_team_defense_zone_analysis"."last_written" END) AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_precompute"."team_defense_zone_analysis"."analysis_date") AS DATE) AS "date",
          "nba_precompute"."team_defense_zone_analysis"."team" AS "fact_21",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_precompute"."team_defense_zone_analysis"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_precompute"."team_defense_zone_analysis"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_precompute"."team_defense_zone_analysis"
        WHERE
          "nba_precompute"."team_defense_zone_analysis"."analysis_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_precompute"."team_defense_zone_analysis"."analysis_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_precompute"."team_defense_zone_analysis"."analysis_date" IS NULL
      ) AS "rows_of_team_defense_zone_analysis"
      GROUP BY
        "rows_of_team_defense_zone_analysis"."date"
      UNION ALL
      SELECT
        "rows_of_player_daily_cache"."date" AS "date",
        NULL AS "key_1",
        8 AS "arm",
        256 AS "word_1",
        CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_player_daily_cache"."fact_22")) < COUNT("rows_of_player_daily_cache"."fact_22")
          )
          THEN 4194304
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_player_daily_cache"."fact_23" THEN 1 END) > 0
          )
          THEN 8388608
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_player_daily_cache"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_player_daily_cache"."last_written" END) AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        COUNT(CASE WHEN "rows_of_player_daily_cache"."fact_23" THEN 1 END) AS "rows_of_23",
        NULL AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_precompute"."player_daily_cache"."cache_date") AS DATE) AS "date",
          "nba_precompute"."player_daily_cache"."player_id" AS "fact_22",
          "nba_precompute"."player_daily_cache"."points" IS NULL AS "fact_23",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_precompute"."player_daily_cache"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_precompute"."player_daily_cache"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_precompute"."player_daily_cache"
        WHERE
          "nba_precompute"."player_daily_cache"."cache_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_precompute"."player_daily_cache"."cache_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_precompute"."player_daily_cache"."cache_date" IS NULL
      ) AS "rows_of_player_daily_cache"
      GROUP BY
        "rows_of_player_daily_cache"."date"
      UNION ALL
      SELECT
        "rows_of_prediction_accuracy"."date" AS "date",
        "rows_of_prediction_accuracy"."key_1" AS "key_1",
        9 AS "arm",
        512 AS "word_1",
        CASE WHEN (
          COUNT(*) > 120 OR COUNT(*) < 15
        ) THEN 16777216 ELSE 0 END + CASE
          WHEN (
            LIST_UNIQUE(ARRAY_AGG("rows_of_prediction_accuracy"."fact_25")) < COUNT("rows_of_prediction_accuracy"."fact_25")
          )
          THEN 33554432
          ELSE 0
        END + CASE
          WHEN (
            COUNT(CASE WHEN "rows_of_prediction_accuracy"."fact_26" THEN 1 END) > 0
          )
          THEN 67108864
          ELSE 0
        END AS "word_2",
        MIN(CASE WHEN TRUE THEN "rows_of_prediction_accuracy"."first_written" END) AS "first_written",
        MAX(CASE WHEN TRUE THEN "rows_of_prediction_accuracy"."last_written" END) AS "last_written",
        NULL AS "rows_of_3",
        NULL AS "rows_of_6",
        NULL AS "rows_of_9",
        NULL AS "rows_of_12",
        NULL AS "rows_of_20",
        NULL AS "rows_of_23",
        COUNT(CASE WHEN "rows_of_prediction_accuracy"."fact_26" THEN 1 END) AS "rows_of_26"
      FROM (
        SELECT
          CAST(TIMEZONE('America/New_York', "nba_predictions"."prediction_accuracy"."game_date") AS DATE) AS "date",
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
          "nba_predictions"."prediction_accuracy"."player_id" AS "fact_25",
          "nba_predictions"."prediction_accuracy"."predicted_points" IS NULL AS "fact_26",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_predictions"."prediction_accuracy"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "first_written",
          EPOCH_US(
            TIMEZONE(
              'UTC',
              TIMEZONE(
                'America/New_York',
                CAST("nba_predictions"."prediction_accuracy"."processed_at" AS TIMESTAMP)
              )
            )
          ) AS "last_written"
        FROM "nba_predictions"."prediction_accuracy"
        WHERE
          "nba_predictions"."prediction_accuracy"."game_date" >= '2025-01-01 00:00:00-05:00'
          AND "nba_predictions"."prediction_accuracy"."game_date" < '2025-02-01 00:00:00-05:00'
          OR "nba_predictions"."prediction_accuracy"."game_date" IS NULL
      ) AS "rows_of_prediction_accuracy"
      GROUP BY
        "rows_of_prediction_accuracy"."date",
        "rows_of_prediction_accuracy"."key_1"
    ) AS "rows_of_all"
    GROUP BY
      "rows_of_all"."date",
      "rows_of_all"."key_1"
  ) AS "merged"
) AS "masks"
GROUP BY
  "masks"."date",
  "masks"."word_1",
  "masks"."word_2"
